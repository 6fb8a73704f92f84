"""Fine-tunes BertForSequenceClassification and keeps the best epoch by validation accuracy."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from datasets import Dataset
from transformers import PrinterCallback, TrainerCallback, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from chitra.hyperparameters import Hyperparameters
from chitra.long_articles import View
from chitra.model_files import unknown_id
from training_image import processes
from training_image.article_trainer import ArticleTrainer
from training_image.batches import EpochBatches, input_lengths
from training_image.callbacks import Patience, StopWhenAsked, TellEpoch, epochs_without_gain
from training_image.channels import Channels
from training_image.checkpoints import newest_complete_checkpoint
from training_image.collation import TrainingCollator
from training_image.forward import Array, logits_of
from training_image.half_norms import keep_norms_in_half
from training_image.kernels import choose_kernels, compile_layers
from training_image.progress import PrintProgress
from training_image.torch_forward import forward
from training_image.weights import load_classifier

MIXED_PRECISION = "ACCELERATE_MIXED_PRECISION"
WAIT_SECONDS = 600  # how long processes wait for each other, while the first one writes a checkpoint, for example


@dataclass(frozen=True, slots=True)
class Epoch:
    """One point of the learning curve."""

    epoch: float
    train_loss: float
    validation_loss: float
    validation_accuracy: float


def best_epoch(curve: list[Epoch]) -> Epoch:
    """The one whose model is kept: of equals, the Trainer keeps the first."""
    return max(curve, key=lambda point: point.validation_accuracy)


class FineTuning:
    """One training run. ``checkpoints`` may hold those of an interrupted run, which is then resumed.

    Setting ``stop`` ends training after the current step, with a checkpoint. ``view`` is how articles reach ``model``,
    ``kernels`` what computes it.
    """

    def __init__(
        self,
        channels: Channels,
        hyperparameters: Hyperparameters,
        *,
        model_dir: Path,
        checkpoints: Path,
        stop: threading.Event,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        self._hyperparameters = hyperparameters
        self._checkpoints = checkpoints
        self._validation = channels.validation
        self._epochs_before = 0.0
        self.kernels = choose_kernels(hyperparameters)
        self.view = View(min(hyperparameters.max_length, channels.max_length), hyperparameters.long_articles)
        arguments = self._arguments()  # brings the processes together and gives each its GPU
        torch.manual_seed(hyperparameters.seed)
        self.model = load_classifier(model_dir, channels.categories, attention=self.kernels.attention)
        if self.kernels.half:
            keep_norms_in_half(self.model)
        if self.kernels.compiled:
            compile_layers(self.model)
        self._pad_id = self.model.config.pad_token_id or 0
        collator = TrainingCollator(
            self._pad_id,
            self.view,
            seed=hyperparameters.seed,
            word_dropout=hyperparameters.word_dropout,
            unknown_id=unknown_id(model_dir),
        )
        batches = EpochBatches(
            input_lengths(channels.train, self.view),
            hyperparameters.train_batch_size,
            seed=hyperparameters.seed,
            rank=processes.rank(),
            processes=processes.count(),
        )
        self.trainer = ArticleTrainer(
            model=self.model,
            args=arguments,
            train_dataset=channels.train,
            eval_dataset=channels.validation,
            data_collator=collator,
            callbacks=[PrintProgress(), TellEpoch(collator, batches), *callbacks, *self._early_stopping()],
            hyperparameters=hyperparameters,
            batches=batches,
            stop=stop,
            validate=self._validate,
        )
        self.trainer.add_callback(StopWhenAsked(lambda: self.trainer.asked_to_stop))
        self.trainer.remove_callback(PrinterCallback)

    def batches(self) -> dict[str, int | None]:
        """How many articles a step takes; ``ids_at_a_time`` is what the memory holds of them, None all."""
        return {
            "processes": processes.count(),
            "articles_per_step": processes.count() * self._hyperparameters.train_batch_size,
            "ids_at_a_time": self.trainer.ids_at_a_time,
        }

    def __str__(self) -> str:
        """What is trained with, for the log."""
        count, each = processes.count(), self._hyperparameters.train_batch_size
        batch = f"{each}" if count == 1 else f"{count} x {each} (processes x train-batch-size)"
        return f"{self.kernels}; batches of {batch} articles"

    def run(self) -> bool:
        """Train; False when it was stopped before its end."""
        checkpoint = newest_complete_checkpoint(self._checkpoints, half_precision=self.trainer.args.fp16)
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)
        self.kernels.allow_tf32()
        if checkpoint:
            self._go_on_from(TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME)))
        self.trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        # What is evaluated is the model that is saved: without autocast, which accelerate has put into its forward.
        self.trainer.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        return not self.trainer.asked_to_stop

    def _go_on_from(self, state: TrainerState) -> None:
        self._epochs_before = state.epoch or 0.0
        patience = self._hyperparameters.patience
        if patience is not None and epochs_without_gain(state.log_history) >= patience:
            self.trainer.args.max_steps = state.global_step  # it had ended; its best model is loaded

    @property
    def epochs(self) -> float:
        """Those that the model was trained for, an interrupted run's among them."""
        return self.trainer.state.epoch or 0.0

    @property
    def epochs_of_this_run(self) -> float:
        return self.epochs - self._epochs_before

    def learning_curve(self) -> list[Epoch]:
        curve: list[Epoch] = []
        loss = float("nan")
        for entry in self.trainer.state.log_history:
            loss = entry.get("loss", loss)
            if "eval_accuracy" in entry:
                curve.append(Epoch(entry["epoch"], loss, entry["eval_loss"], entry["eval_accuracy"]))
        return curve

    def predict_logits(self, dataset: Dataset) -> Array:
        """Logits of shape (articles, categories), in the dataset's order."""
        return self._logits(dataset["input_ids"][:])

    def _logits(self, encodings: list[list[int]]) -> Array:
        compute = partial(forward, self.model, pad_id=self._pad_id)
        return logits_of(compute, encodings, self.view, self._hyperparameters.eval_batch_size)

    def _validate(self) -> dict[str, float]:
        """Of all articles, for each process; each reads its share of them."""
        encodings = self._validation["input_ids"][:]
        rank, count = processes.rank(), min(processes.count(), len(encodings))
        mine = self._logits(encodings[rank % count :: count])
        logits = torch.empty(len(encodings), mine.shape[1])
        for number, share in enumerate(processes.gathered(mine)[:count]):
            logits[number::count] = torch.from_numpy(share)
        labels = torch.tensor(self._validation["label"][:])
        accuracy = (logits.argmax(dim=1) == labels).double().mean()
        return {"loss": torch.nn.functional.cross_entropy(logits, labels).item(), "accuracy": accuracy.item()}

    def _early_stopping(self) -> list[TrainerCallback]:
        patience = self._hyperparameters.patience
        return [] if patience is None else [Patience(patience)]

    def _arguments(self) -> TrainingArguments:
        given, kernels = self._hyperparameters, self.kernels
        os.environ[MIXED_PRECISION] = "no"  # TrainingArguments leave theirs behind, for the next training in a process
        return TrainingArguments(
            output_dir=str(self._checkpoints),
            num_train_epochs=given.epochs,
            per_device_train_batch_size=given.train_batch_size,
            per_device_eval_batch_size=given.eval_batch_size,
            learning_rate=given.learning_rate,
            warmup_ratio=0.0 if given.warmup_steps is not None else given.warmup_ratio,
            warmup_steps=given.warmup_steps or 0,
            weight_decay=given.weight_decay,
            label_smoothing_factor=given.label_smoothing,
            remove_unused_columns=False,
            use_cpu=not kernels.gpu,
            ddp_backend=("nccl" if kernels.gpu else "gloo") if processes.count() > 1 else None,
            ddp_timeout=WAIT_SECONDS,
            ddp_broadcast_buffers=False,  # constants; a forward that is tried again would send them again
            bf16=kernels.precision == "bf16",
            fp16=kernels.precision == "fp16",
            eval_strategy="epoch",
            save_strategy="epoch",
            logging_strategy="steps",
            logging_steps=0.05,
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="accuracy",
            seed=given.seed,
            dataloader_num_workers=kernels.fetchers,
            dataloader_pin_memory=kernels.gpu,
            report_to="none",
            disable_tqdm=True,
        )
