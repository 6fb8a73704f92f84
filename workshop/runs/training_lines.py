"""What a training job's log lines tell: how far it is, its losses, its accuracy. The image's `train` writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(\d+(?:\.\d+)?|nan|inf)"
STEP = re.compile(rf"epoch (\d+\.\d+)  step (\d+)/(\d+)  loss {NUMBER}")
EPOCH = re.compile(rf"epoch (\d+\.\d+)  validation accuracy (\d\.\d+)  loss {NUMBER}")


@dataclass(frozen=True, slots=True)
class StepDone:
    """``steps`` are those of the whole training; ``loss`` is the mean since the line before."""

    epoch: float
    step: int
    steps: int
    loss: float

    @property
    def epochs(self) -> float:
        """Of the whole training, to one decimal."""
        return round(self.epoch * self.steps / max(1, self.step), 1)


@dataclass(frozen=True, slots=True)
class EpochDone:
    """How the model did on the validation split after ``epoch`` epochs."""

    epoch: float
    accuracy: float
    loss: float


def read_line(text: str) -> StepDone | EpochDone | None:
    """None for any other line."""
    text = text.strip()
    if match := STEP.fullmatch(text):
        return StepDone(float(match[1]), int(match[2]), int(match[3]), float(match[4]))
    if match := EPOCH.fullmatch(text):
        return EpochDone(float(match[1]), float(match[2]), float(match[3]))
    return None
