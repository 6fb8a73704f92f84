"""Time left and money of a run: told when they can be, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from chitra.training_lines import EpochDone, StepDone, read_line
from training_image.progress import PrintProgress
from workshop.runs.costs import PROCESSING, TRAINING, Capacity
from workshop.runs.follow import LogLine, StageStarted
from workshop.runs.job_state import JobState
from workshop.runs.progress import Money, Progress

BEGIN = datetime(2026, 11, 25, 9, tzinfo=UTC)
PRICES = {"ml.m5.xlarge": 0.36, "ml.g4dn.xlarge": 3.6}  # 3.6 dollars an hour are a tenth of a cent a second


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def job(stage: str, name: str, **changes: Any) -> JobState:
    capacity = Capacity("ml.g4dn.xlarge", 1, TRAINING) if stage == "Train" else Capacity("ml.m5.xlarge", 1, PROCESSING)
    values: dict[str, Any] = {"started": BEGIN, "ended": None, "billed_seconds": None, "longest_seconds": 1000.0}
    values |= {"warm_seconds": 0.0, "own": True}
    return JobState(stage, name, "Training", BEGIN, "", capacity, **values | changes)


@pytest.fixture
def training() -> Progress:
    """A job that trains for the first hundred seconds."""
    progress = Progress(per_hour=lambda capacity: PRICES.get(capacity.instance_type))
    progress.take(StageStarted("Train", BEGIN), BEGIN)
    progress.take(job("Train", "t"), BEGIN)
    return progress


def step(progress: Progress, number: int, seconds: float) -> None:
    progress.take(LogLine("Train", f"epoch {number / 50:.2f}  step {number}/100  loss 0.5", at(seconds)), at(seconds))


def test_should_read_what_the_training_prints(capsys: pytest.CaptureFixture[str]) -> None:
    printer, state = PrintProgress(), TrainerState(global_step=12, max_steps=240)
    arguments: Any = TrainingArguments.__new__(TrainingArguments)
    for logs in ({"epoch": 0.15, "loss": 1.23456}, {"epoch": 1.0, "eval_accuracy": 0.9, "eval_loss": 0.25}):
        printer.on_log(arguments, state, TrainerControl(), logs=logs)
    told = [read_line(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [StepDone(0.15, 12, 240, 1.2346), EpochDone(1.0, 0.9, 0.25)]
    assert read_line("epoch 0.15  step 12/240  loss nan") != read_line("epochs of another program")


def test_should_tell_time_left_from_the_second_look_on(training: Progress) -> None:
    assert training.seconds_left(at(1)) is None
    step(training, 10, 30)
    assert training.seconds_left(at(30)) is None
    step(training, 30, 50)
    assert training.seconds_left(at(50)) == 70
    assert training.seconds_left(at(60)) == 60


def test_should_promise_no_time_that_is_over(training: Progress) -> None:
    step(training, 10, 30)
    step(training, 30, 50)
    assert training.seconds_left(at(500)) is None


def test_should_measure_anew_after_a_spot_instance_was_taken_away(training: Progress) -> None:
    step(training, 10, 30)
    step(training, 60, 80)
    step(training, 55, 300)
    assert training.seconds_left(at(300)) is None
    step(training, 65, 320)
    assert training.seconds_left(at(320)) == 70
    assert training.losses == [0.5, 0.5]


def test_should_tell_no_time_left_when_the_job_has_ended(training: Progress) -> None:
    step(training, 10, 30)
    step(training, 100, 120)
    training.take(job("Train", "t", ended=at(130)), at(130))
    assert training.seconds_left(at(130)) is None


def test_should_speak_of_money_as_far_as_it_is_known(training: Progress) -> None:
    assert training.money(at(100)) == Money(pytest.approx(0.1), None, pytest.approx(1.0))
    step(training, 10, 80)
    step(training, 30, 100)
    assert training.money(at(100)) == Money(pytest.approx(0.1), pytest.approx(0.17), pytest.approx(1.0))
    training.take(job("Train", "t", ended=at(300), billed_seconds=120.0), at(300))
    assert training.money(at(900)) == Money(*[pytest.approx(0.12)] * 3)


def test_should_count_an_instance_that_is_kept_warm(training: Progress) -> None:
    training.take(job("Train", "t", warm_seconds=600.0), at(1))
    assert training.money(at(100)) == Money(pytest.approx(0.1), None, pytest.approx(1.6))


def changed(**changes: Any) -> Callable[[Progress], None]:
    return lambda progress: progress._take_job(job("Wait for dataset", "p", ended=at(100), **changes))


@pytest.mark.parametrize(
    ("earlier", "so_far"), [(changed(own=False), 0.1), (changed(own=True), 0.11), (changed(started=None), 0.1)]
)
def test_should_count_the_runs_own_jobs(training: Progress, earlier: Callable[[Progress], None], so_far: float) -> None:
    earlier(training)
    money = training.money(at(100))
    assert money
    assert money.so_far == pytest.approx(so_far)


def test_should_know_no_sum_with_an_unknown_part(training: Progress) -> None:
    training.per_hour = lambda capacity: None
    assert training.money(at(100)) == Money(None, None, None)
    assert Progress().money(BEGIN) is None
