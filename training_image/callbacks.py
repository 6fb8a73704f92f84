"""What happens at the steps and epochs of a training besides the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


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
