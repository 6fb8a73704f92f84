"""Event files of a training, read as TensorBoard reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from transformers import TrainerControl, TrainerState, TrainingArguments

from training_image.event_files import EventFiles

ARGUMENTS: Any = TrainingArguments.__new__(TrainingArguments)


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values by their tag."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(each.step, each.value) for each in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_should_hold_the_learning_curve_of_a_training(trained: Path) -> None:
    found = curves(trained / "output/data/tensorboard")
    metrics = json.loads((trained / "output/data/metrics.json").read_text(encoding="utf-8"))
    accuracies = [value for _, value in found["validation/accuracy"]]
    assert accuracies == pytest.approx([each["validation_accuracy"] for each in metrics["epochs"]])
    assert len(found["train/loss"]) == len(found["train/learning_rate"]) >= 10
    assert all(value > 0 for _, value in found["train/articles_per_second"])
    steps = [step for step, _ in found["train/loss"]]
    assert steps == sorted(set(steps))


def train(folder: Path, state: TrainerState, losses: dict[int, float]) -> EventFiles:
    """As the Trainer calls it."""
    events = EventFiles(folder)
    events.on_train_begin(ARGUMENTS, state, TrainerControl())
    for step, loss in losses.items():
        state.log_history.append({"loss": loss, "epoch": step / 10, "step": step})
        events.on_log(ARGUMENTS, state, TrainerControl())
    return events


def test_should_hold_each_step_once_after_a_training_was_killed(tmp_path: Path) -> None:
    """It goes on from a checkpoint of step 2; steps 3 and 4 were trained once before."""
    state = TrainerState()
    train(tmp_path, state, {1: 4.0, 2: 3.0, 3: 2.5, 4: 2.25}).on_train_end(ARGUMENTS, state, TrainerControl())
    assert [step for step, _ in curves(tmp_path)["train/loss"]] == [1, 2, 3, 4]
    checkpoint = TrainerState(log_history=[{"loss": 4.0, "step": 1}, {"loss": 3.0, "step": 2}])
    train(tmp_path, checkpoint, {3: 2.0, 4: 1.0}).on_train_end(ARGUMENTS, checkpoint, TrainerControl())
    assert curves(tmp_path)["train/loss"] == [(1, 4.0), (2, 3.0), (3, 2.0), (4, 1.0)]
