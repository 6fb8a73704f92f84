"""Fine-tunes BertForSequenceClassification and keeps the best epoch by validation accuracy."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import (
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from chitra.hyperparameters import Hyperparameters
from training_image.channels import Channels
from training_image.checkpoints import newest_complete_checkpoint
from training_image.collation import Collator
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

    Setting ``stop`` ends training after the current step, with a checkpoint.
    """

    def __init__(
        self,
        channels: Channels,
        hyperparameters: Hyperparameters,
        *,
        model_dir: Path,
        checkpoints: Path,
        stop: threading.Event,
    ) -> None:
        self._hyperparameters = hyperparameters
        self._checkpoints = checkpoints
        self._stop = stop
        torch.manual_seed(hyperparameters.seed)
        model = load_classifier(model_dir, channels.categories)
        self.trainer = Trainer(
            model=model,
            args=self._arguments(),
            train_dataset=channels.train,
            eval_dataset=channels.validation,
            data_collator=Collator(model.config.pad_token_id or 0, hyperparameters.max_length),
            compute_metrics=_accuracy,
            callbacks=[StopWhenAsked(stop), PrintProgress()],
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

    def predict_logits(self, dataset: Dataset) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Logits of shape (articles, categories), in the dataset's order (the Trainer would sort by length)."""
        model = self.trainer.model.eval()
        batches = DataLoader(
            dataset, batch_size=self._hyperparameters.eval_batch_size, collate_fn=self.trainer.data_collator
        )
        with torch.inference_mode():
            logits = [
                model(
                    batch["input_ids"].to(model.device), attention_mask=batch["attention_mask"].to(model.device)
                ).logits
                for batch in batches
            ]
        return torch.cat(logits).float().cpu().numpy()

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
            group_by_length=True,
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


class PrintProgress(TrainerCallback):
    """One line per few per cent of the steps and one per epoch: the job's log is what users follow."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if logs and "loss" in logs:
            print(
                f"epoch {logs['epoch']:.2f}  step {state.global_step}/{state.max_steps}  loss {logs['loss']:.4f}",
                flush=True,
            )
        if logs and "eval_accuracy" in logs:
            print(
                f"epoch {logs['epoch']:.2f}  validation accuracy {logs['eval_accuracy']:.4f}"
                f"  loss {logs['eval_loss']:.4f}",
                flush=True,
            )


def _accuracy(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float((np.asarray(prediction.predictions).argmax(axis=1) == prediction.label_ids).mean())}
