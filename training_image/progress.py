"""What a training job prints while it trains: the job's log is what users and CloudWatch follow."""

from __future__ import annotations

import time
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from chitra.training_lines import EpochDone, StepDone, epoch_line, step_line

SPEED = "articles_per_second"  # as the Trainer's history calls it


class PrintProgress(TrainerCallback):
    """One line per few per cent of the steps and one per epoch; the speed is noted in the Trainer's history."""

    def __init__(self) -> None:
        self._since = 0.0, 0.0

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The evaluation before does not count."""
        self._since = time.monotonic(), state.epoch or 0.0

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        train_dataloader: Any = None,
        **kwargs: Any,
    ) -> None:
        if not logs or not state.is_world_process_zero:
            return
        if "loss" in logs:
            speed = self._speed(logs["epoch"], train_dataloader)
            if speed is not None:
                state.log_history[-1][SPEED] = speed
            print(
                step_line(StepDone(logs["epoch"], state.global_step, state.max_steps, logs["loss"]), speed), flush=True
            )
        if "eval_accuracy" in logs:
            best = max(logs["eval_accuracy"], state.best_metric or 0.0)
            print(epoch_line(EpochDone(logs["epoch"], logs["eval_accuracy"], logs["eval_loss"]), best), flush=True)

    def _speed(self, epoch: float, train_dataloader: Any) -> float | None:
        """Articles a second since the line before; None when nothing was trained since."""
        (began, epoch_then), now = self._since, time.monotonic()
        self._since = now, epoch
        if train_dataloader is None or now <= began or epoch <= epoch_then:
            return None
        return len(train_dataloader.dataset) * (epoch - epoch_then) / (now - began)
