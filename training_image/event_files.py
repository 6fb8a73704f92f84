"""Learning curves as TensorBoard's event files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from training_image.progress import SPEED

# The Trainer's names, and those by which TensorBoard groups its charts.
TAGS = {
    "loss": "train/loss",
    "learning_rate": "train/learning_rate",
    SPEED: "train/articles_per_second",
    "eval_loss": "validation/loss",
    "eval_accuracy": "validation/accuracy",
}


class EventFiles(TrainerCallback):
    """Writes one file into ``folder``, whose place in a list of callbacks is behind `PrintProgress`.

    A training that goes on from a checkpoint writes what the checkpoint knows again, and nothing twice: steps after
    the checkpoint are in a file of the killed training, which goes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Any = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if not state.is_world_process_zero:
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        self._writer = SummaryWriter(str(self._folder))
        for entry in state.log_history:
            self._write(entry)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if self._writer and state.log_history:
            self._write(state.log_history[-1])

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._writer:
            self._writer.close()

    def _write(self, entry: dict[str, float]) -> None:
        for name, tag in TAGS.items():
            if name in entry:
                self._writer.add_scalar(tag, entry[name], int(entry["step"]))
