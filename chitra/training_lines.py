"""What a training job's log lines tell: how far it is, its losses, its accuracy.

`train` writes them, SageMaker reads them by ``METRICS``, and commands by `read_line`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(\d+(?:\.\d+)?|nan|inf)"
STEP = re.compile(rf"epoch (\d+\.\d+)  step (\d+)/(\d+)  loss {NUMBER}(?:  {NUMBER} articles/s)?")
EPOCH = re.compile(rf"epoch (\d+\.\d+)  validation accuracy (\d\.\d+)  loss {NUMBER}(?:  best \d\.\d+)?")

BEST_ACCURACY = "validation:best_accuracy"  # so far: at the end that of the model that is kept
# Names in CloudWatch, each with a regular expression whose one group is the value. nan and inf are no values there.
METRICS = {
    "train:loss": r"step [0-9]+/[0-9]+  loss ([0-9.]+)",
    "train:articles_per_second": r"loss [0-9a-z.]+  ([0-9.]+) articles/s",
    "validation:accuracy": r"validation accuracy ([0-9.]+)",
    "validation:loss": r"validation accuracy [0-9.]+  loss ([0-9.]+)",
    BEST_ACCURACY: r"validation accuracy [0-9.]+  loss [0-9a-z.]+  best ([0-9.]+)",
}


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


def step_line(done: StepDone, articles_per_second: float | None) -> str:
    """``articles_per_second`` is None where it was not measured."""
    speed = "" if articles_per_second is None else f"  {articles_per_second:.1f} articles/s"
    return f"epoch {done.epoch:.2f}  step {done.step}/{done.steps}  loss {done.loss:.4f}{speed}"


def epoch_line(done: EpochDone, best_accuracy: float) -> str:
    """``best_accuracy`` is that of the best epoch so far, this one among them."""
    return (
        f"epoch {done.epoch:.2f}  validation accuracy {done.accuracy:.4f}  loss {done.loss:.4f}"
        f"  best {best_accuracy:.4f}"
    )


def read_line(text: str) -> StepDone | EpochDone | None:
    """None for any other line."""
    text = text.strip()
    if match := STEP.fullmatch(text):
        return StepDone(float(match[1]), int(match[2]), int(match[3]), float(match[4]))
    if match := EPOCH.fullmatch(text):
        return EpochDone(float(match[1]), float(match[2]), float(match[3]))
    return None


def read_metrics(text: str) -> dict[str, float]:
    """What SageMaker takes from a line: values by the names of ``METRICS``."""
    found = {name: re.search(regex, text) for name, regex in METRICS.items()}
    return {name: float(match[1]) for name, match in found.items() if match}
