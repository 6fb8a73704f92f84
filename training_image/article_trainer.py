"""The Trainer of transformers for articles: rates by part of the model, batches that find their memory, whole articles.

Everything that is drawn at random in a step comes from the seed, the step and the process alone, so that a training
that is resumed needs no state of generators, and no process but the first one writes a checkpoint.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import Trainer
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME

from chitra.hyperparameters import Hyperparameters
from training_image import processes
from training_image.accumulation import Accumulation, Batch
from training_image.batches import EpochBatches
from training_image.learning_rates import parameter_groups


class ArticleTrainer(Trainer):
    """``asked_to_stop`` is true from the step on in which ``stop`` was set, in this process or another one."""

    def __init__(
        self,
        *,
        hyperparameters: Hyperparameters,
        batches: EpochBatches,
        stop: threading.Event,
        validate: Callable[[], dict[str, float]],
        **options: Any,
    ) -> None:
        self._hyperparameters = hyperparameters
        self._batches = batches
        self._stop = stop
        self._validate = validate
        self._accumulation = Accumulation()
        self.asked_to_stop = False
        super().__init__(**options)

    @property
    def ids_at_a_time(self) -> int | None:
        return self._accumulation.most_ids

    def create_optimizer(self) -> torch.optim.Optimizer:
        if self.optimizer is None:
            model: Any = self.model
            decayed = set(self.get_decay_parameter_names(model))
            groups = parameter_groups(model, self._hyperparameters, decayed)
            fused = self._hyperparameters.fused_optimizer
            self.optimizer = torch.optim.AdamW(groups, lr=self.args.learning_rate, fused=fused)
        return self.optimizer

    def get_train_dataloader(self) -> DataLoader[Batch]:
        dataset: Any = self.train_dataset
        return DataLoader(
            dataset,
            batch_sampler=self._batches,
            collate_fn=self.data_collator,
            num_workers=self.args.dataloader_num_workers,
            pin_memory=self.args.dataloader_pin_memory,
        )

    def training_step(self, model: Any, inputs: Batch, num_items_in_batch: Any = None) -> torch.Tensor:
        """Gradients and loss of the whole batch, averaged over the articles of all processes."""
        model.train()
        alone = processes.count() == 1
        with contextlib.nullcontext() if alone else model.no_sync():
            loss = self._accumulation.run(
                inputs, partial(self._backward, model, len(inputs["labels"])), partial(self._begin, model)
            ).to(self.args.device)
        stop = torch.tensor(float(self._stop.is_set()))
        if not alone:
            stop = stop.to(self.args.device)
            gradients = [each.grad for each in model.parameters() if each.grad is not None]
            processes.average([*gradients, loss, stop], weight=len(inputs["labels"]))
        self.asked_to_stop = bool(stop)
        return loss

    def _begin(self, model: Any) -> None:
        model.zero_grad()
        draw = np.random.SeedSequence((self.args.seed, self.state.global_step, processes.rank()))
        torch.manual_seed(int(draw.generate_state(1)[0]))

    def _backward(self, model: Any, articles: int, part: Batch) -> torch.Tensor:
        """The part's share in the loss of the batch, whose gradients are left in the model."""
        share = len(part["labels"]) / articles
        moved = {name: tensor.to(self.args.device, non_blocking=True) for name, tensor in part.items()}
        with self.compute_loss_context_manager():
            loss: torch.Tensor = self.compute_loss(model, moved) * share
        self.accelerator.backward(loss)
        return loss.detach()

    def evaluate(self, *arguments: Any, **options: Any) -> dict[str, float]:
        """The Trainer would take each part of an article for an article."""
        metrics = {f"eval_{name}": value for name, value in self._validate().items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """The Trainer would have several processes on CPUs read to a device "cpu:0", which torch.load does not know."""
        if checkpoint is None:
            return
        states: dict[str, Any] = {OPTIMIZER_NAME: self.optimizer, SCHEDULER_NAME: self.lr_scheduler}
        for name, state in states.items():
            state.load_state_dict(torch.load(Path(checkpoint) / name, map_location="cpu", weights_only=True))

    def _save_rng_state(self, output_dir: str) -> None:
        """There is none."""
