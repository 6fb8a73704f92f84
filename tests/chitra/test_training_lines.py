"""Log lines of training jobs: `train` writes them, SageMaker and commands read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chitra.training_lines import METRICS, EpochDone, StepDone, epoch_line, read_line, read_metrics, step_line


def test_should_find_every_metric_in_what_a_training_has_printed(trained: Path) -> None:
    """The last values are those of the report, the best accuracy that of the model that was kept."""
    final: dict[str, float] = {}
    for line in (trained / "log").read_text(encoding="utf-8").splitlines():
        final |= read_metrics(line)
    assert final.keys() == METRICS.keys()
    epochs = json.loads((trained / "output/data/metrics.json").read_text(encoding="utf-8"))["epochs"]
    assert final["validation:accuracy"] == pytest.approx(epochs[-1]["validation_accuracy"], abs=1e-4)
    assert final["validation:loss"] == pytest.approx(epochs[-1]["validation_loss"], abs=1e-4)
    best = max(each["validation_accuracy"] for each in epochs)
    assert final["validation:best_accuracy"] == pytest.approx(best, abs=1e-4)
    assert final["train:articles_per_second"] > 0


def test_should_find_no_metric_in_other_lines(trained: Path) -> None:
    first, *_, last = (trained / "log").read_text(encoding="utf-8").splitlines()
    assert read_metrics(first) == read_metrics(last) == {}


def test_should_read_a_line_as_it_was_written() -> None:
    step, epoch = StepDone(0.25, 10, 40, 1.5), EpochDone(1.0, 0.875, 0.25)
    assert read_line(step_line(step, 12.34)) == read_line(step_line(step, None)) == step
    assert read_line(epoch_line(epoch, 0.9)) == epoch
    assert read_metrics(step_line(step, 12.34)) == {"train:loss": 1.5, "train:articles_per_second": 12.3}
    assert read_metrics(step_line(step, None)) == {"train:loss": 1.5}


def test_should_take_no_loss_that_has_run_away_for_a_value() -> None:
    """CloudWatch has no word for it; the speed of the same line is one."""
    assert read_metrics(step_line(StepDone(0.25, 10, 40, float("nan")), 8)) == {"train:articles_per_second": 8}
    assert read_metrics(epoch_line(EpochDone(1.0, 0.1, float("inf")), 0.2)) == {
        "validation:accuracy": 0.1,
        "validation:best_accuracy": 0.2,
    }


def test_should_have_one_group_in_each_expression() -> None:
    assert all(re.compile(regex).groups == 1 for regex in METRICS.values())
