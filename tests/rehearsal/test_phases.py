"""What an execution spent its time with is told from its history, as Step Functions writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rehearsal.phases import phases

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
QUOTA = "SageMaker.ResourceLimitExceededException"


def entered(second: float, name: str) -> dict[str, Any]:
    return at(second, "TaskStateEntered") | {"stateEnteredEventDetails": {"name": name}}


def at(second: float, kind: str) -> dict[str, Any]:
    return {"timestamp": NOON + timedelta(seconds=second), "type": kind}


def refused(second: float, error: str = QUOTA) -> list[dict[str, Any]]:
    failed = at(second, "TaskFailed") | {"taskFailedEventDetails": {"error": error}}
    return [at(second, "TaskScheduled"), failed]


END = [entered(90, "Endpoint wanted?"), entered(91, "Done")]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [entered(0, "Preprocess"), at(1, "TaskScheduled"), entered(9, "Note dataset"), entered(10, "Train"), *END],
            [("makes the dataset", 0, 9), ("trains", 10, 90)],
        ),
        (
            [
                *(entered(0, "Preprocess"), *refused(1, "SageMaker.ResourceInUseException"), entered(1, "Pause")),
                *(entered(5, "Wait for dataset"), entered(5, "Pause"), entered(8, "Note dataset")),
                *(entered(9, "Train"), *END),
            ],
            [("waits for the dataset", 1, 8), ("trains", 9, 90)],
        ),
        (
            [
                entered(0, "Train"),
                *refused(0),
                *refused(60),
                *refused(120),
                at(180, "TaskScheduled"),
                entered(200, "Done"),
            ],
            [("in line for a job", 0, 180), ("trains", 180, 200)],
        ),
        (
            [
                *(entered(0, "Train"), at(0, "TaskScheduled"), entered(50, "Endpoint wanted?")),
                *(entered(51, "Create endpoint"), *refused(51), *refused(111), at(171, "TaskScheduled")),
                entered(180, "Done"),
            ],
            [("trains", 0, 50), ("in line for an endpoint", 51, 171), ("endpoint starts", 171, 180)],
        ),
        ([entered(0, "Train")], []),
        ([], []),
    ],
    ids=["makes", "waits", "line", "endpoint", "unfinished", "nothing"],
)
def test_should_tell_waiting_from_work(events: list[dict[str, Any]], expected: list[tuple[str, float, float]]) -> None:
    told = [(p.what, (p.start - NOON).total_seconds(), (p.end - NOON).total_seconds()) for p in phases(events)]
    assert told == expected
