"""Fine-tunes BertForSequenceClassification and keeps the best epoch by validation accuracy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from chitra.hyperparameters import Hyperparameters
from chitra.long_articles import View
from chitra.model_files import unknown_id
from training_image.channels import Channels
from training_image.checkpoints import newest_complete_checkpoint
from training_image.collation import TrainingCollator, padded
from training_image.forward import Array, logits_of
from training_image.learning_rates import parameter_groups
from training_image.progress import PrintProgress
from training_image.weights import load_classifier


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

    Setting ``stop`` ends training after the current step, with a checkpoint. ``view`` is how articles reach ``model``.
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
        self._stop = stop
        self._validation = channels.validation
        self.view = View(min(hyperparameters.max_length, channels.max_length), hyperparameters.long_articles)
        torch.manual_seed(hyperparameters.seed)
        model = load_classifier(model_dir, channels.categories)
        self._pad_id = model.config.pad_token_id or 0
        collator = TrainingCollator(
            self._pad_id,
            self.view,
            seed=hyperparameters.seed,
            word_dropout=hyperparameters.word_dropout,
            unknown_id=unknown_id(model_dir),
        )
        self.model = model
        self.trainer = ArticleTrainer(
            model=model,
            args=self._arguments(),
            train_dataset=_with_lengths(channels.train, self.view.length),
            eval_dataset=channels.validation,
            data_collator=collator,
            callbacks=[
                StopWhenAsked(stop),
                TellEpoch(collator),
                PrintProgress(),
                *callbacks,
                *self._early_stopping(),
            ],
            hyperparameters=hyperparameters,
            validate=self._validate,
        )
        self.trainer.remove_callback(PrinterCallback)

    def run(self) -> bool:
        """Train; False when it was stopped before its end."""
        checkpoint = newest_complete_checkpoint(self._checkpoints, half_precision=self.trainer.args.fp16)
        if checkpoint:
            print(f"resuming from {checkpoint}", flush=True)
        self.trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        return not self._stop.is_set()

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
        return logits_of(self._forward, dataset["input_ids"][:], self.view, self._hyperparameters.eval_batch_size)

    @torch.inference_mode()
    def _forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        model: Any = self.model.eval()
        batch = {name: tensor.to(model.device) for name, tensor in padded(inputs, self._pad_id).items()}
        logits: Array = model(**batch).logits.float().cpu().numpy()
        return logits

    def _validate(self) -> dict[str, float]:
        with torch.autocast("cuda", torch.float16, enabled=self.trainer.args.fp16):
            logits = torch.from_numpy(self.predict_logits(self._validation))
        labels = torch.tensor(self._validation["label"][:])
        accuracy = (logits.argmax(dim=1) == labels).double().mean()
        return {"loss": torch.nn.functional.cross_entropy(logits, labels).item(), "accuracy": accuracy.item()}

    def _early_stopping(self) -> list[TrainerCallback]:
        patience = self._hyperparameters.patience
        return [] if patience is None else [EarlyStoppingCallback(patience)]

    def _arguments(self) -> TrainingArguments:
        given = self._hyperparameters
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
            group_by_length=True,
            remove_unused_columns=False,
            fp16=torch.cuda.is_available(),
            eval_strategy="epoch",
            save_strategy="epoch",
            logging_strategy="steps",
            logging_steps=0.05,
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="accuracy",
            seed=given.seed,
            dataloader_pin_memory=torch.cuda.is_available(),
            report_to="none",
            disable_tqdm=True,
        )


class ArticleTrainer(Trainer):
    """The Trainer, with a learning rate for each part of the model, and an evaluation of whole articles."""

    def __init__(
        self, *, hyperparameters: Hyperparameters, validate: Callable[[], dict[str, float]], **options: Any
    ) -> None:
        self._hyperparameters = hyperparameters
        self._validate = validate
        super().__init__(**options)

    def create_optimizer(self) -> torch.optim.Optimizer:
        if self.optimizer is None:
            model: Any = self.model
            decayed = set(self.get_decay_parameter_names(model))
            groups = parameter_groups(model, self._hyperparameters, decayed)
            self.optimizer = torch.optim.AdamW(groups, lr=self.args.learning_rate, fused=True)
        return self.optimizer

    def evaluate(self, *arguments: Any, **options: Any) -> dict[str, float]:
        """The Trainer would take each part of an article for an article."""
        metrics = {f"eval_{name}": value for name, value in self._validate().items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class TellEpoch(TrainerCallback):
    """Tells the collator which epoch begins, or is gone on with."""

    def __init__(self, collator: TrainingCollator) -> None:
        self._collator = collator

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._collator.epoch = int(state.epoch or 0)


class StopWhenAsked(TrainerCallback):
    """Ends training after the current step, with a checkpoint, once the event is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        if self._stop.is_set():
            control.should_save = True
            control.should_training_stop = True
        return control


def _with_lengths(dataset: Dataset, longest: int) -> Dataset:
    """With the column by which batches of like length are made: of a long article only a part goes in."""
    return dataset.add_column("length", [min(len(ids), longest) for ids in dataset["input_ids"]])
