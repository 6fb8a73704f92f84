"""What happens at the steps and epochs of a training besides the training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from transformers import EarlyStoppingCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class OfEpoch(Protocol):
    """What makes batches differ from epoch to epoch."""

    epoch: int


class TellEpoch(TrainerCallback):
    """Tells which epoch begins, or is gone on with."""

    def __init__(self, *told: OfEpoch) -> None:
        self._told = told

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        for each in self._told:
            each.epoch = int(state.epoch or 0)


class StopWhenAsked(TrainerCallback):
    """Ends training after the current step, with a checkpoint, once ``asked``."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        if self._asked():
            control.should_save = True
            control.should_training_stop = True
        return control

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        """The Trainer ends the epoch that was stopped like any other. Evaluated half, it would count for the best."""
        if self._asked() and state.global_step < state.max_steps and (state.epoch or 0) % 1:
            control.should_evaluate = control.should_save = False
        return control


class Patience(EarlyStoppingCallback):
    """Early stopping that counts on where an interrupted training was."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        super().on_train_begin(args, state, control, **kwargs)
        self.early_stopping_patience_counter = epochs_without_gain(state.log_history)


def epochs_without_gain(history: Iterable[Mapping[str, float]]) -> int:
    """How many epochs ago the best validation accuracy of a Trainer's log was reached."""
    best, count = -1.0, 0
    for accuracy in (entry["eval_accuracy"] for entry in history if "eval_accuracy" in entry):
        best, count = (accuracy, 0) if accuracy > best else (best, count + 1)
    return count
