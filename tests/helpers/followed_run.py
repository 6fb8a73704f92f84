"""`workshop` with a run that is told instead of made: `python -m tests.helpers.followed_run follow one`.

OUTCOME says how the run ends: ``succeeded``, ``failed``, or ``endless``, until somebody interrupts it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop import cli
from workshop.commands import following, runs
from workshop.runs.costs import PROCESSING, TRAINING, Capacity
from workshop.runs.follow import Event, LogLine, RunFailedError, StageStarted
from workshop.runs.job_state import JobState
from workshop.runs.run import Run

BEGIN = datetime.now(UTC) - timedelta(seconds=1070)  # ten after the newest line
EPOCHS = {4: (1, 0.94), 11: (2, 0.98)}  # by the step line before: epoch and accuracy
PRICES = {"ml.m5.xlarge": 0.3, "ml.g4dn.xlarge": 0.9}


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def job(stage: str, status: str, since: float, **changes: Any) -> JobState:
    capacity = Capacity("ml.g4dn.xlarge", 1, TRAINING) if stage == "Train" else Capacity("ml.m5.xlarge", 1, PROCESSING)
    values = {"started": at(since), "ended": None, "billed_seconds": None, "longest_seconds": 7200.0} | changes
    return JobState(stage, f"job-{stage}", status, at(since), "", capacity, warm_seconds=0, own=True, **values)


def told() -> Iterator[Event]:
    """What happened until now."""
    yield StageStarted("Find image", at(0))
    yield StageStarted("Preprocess", at(1))
    yield job("Preprocess", "InProgress", 100)
    yield LogLine("Preprocess", "encode: 7,367 articles in 12 s, 610/s", at(150))
    yield job("Preprocess", "Completed", 160, started=at(100), ended=at(160))
    yield StageStarted("Train", at(165))
    yield job("Train", "Starting", 170, started=None)
    yield job("Train", "Training", 400, started=at(300))
    for step in range(1, 12):
        when, loss = at(400 + step * 60), 2 * 0.8**step
        yield LogLine("Train", f"epoch {step * 0.15:.2f}  step {step * 55}/1100  loss {loss:.4f}", when)
        if step in EPOCHS:
            epoch, accuracy = EPOCHS[step]
            yield LogLine("Train", f"epoch {epoch:.2f}  validation accuracy {accuracy:.4f}  loss 0.3000", when)


def follow_run(account: Any, run: Run) -> Iterator[Event]:
    yield from told()
    match os.environ["OUTCOME"]:
        case "endless":
            while True:
                time.sleep(0.1)
        case "failed":
            raise RunFailedError("Train", "the GPU's memory is full", [], at(1300))
    yield job("Train", "Completed", 1190, started=at(300), ended=at(1190), billed_seconds=890)
    yield StageStarted("Done", at(1195))


class Account:
    region = "ap-northeast-1"


def main() -> None:
    runs._find = lambda name, folder: (Account(), Run("arn", f"chitra--{name}"))  # type: ignore[assignment, return-value]
    following.follow_run = follow_run  # type: ignore[assignment]
    following.PriceList = lambda account, own: Prices()  # type: ignore[assignment, misc, return-value]
    cli.main()


class Prices:
    remark = ""

    def per_hour(self, region: str, capacity: Capacity) -> float | None:
        return PRICES.get(capacity.instance_type) if os.environ.get("PRICES") != "unknown" else None


if __name__ == "__main__":
    main()
