"""What each execution spent its time with, from its history: what it waited for, and what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.names import PREPROCESS_STATE, TRAIN_STATE
from workshop.runs.history import QUOTA_ERROR

Event = dict[str, Any]

MAKES_DATASET = "makes the dataset"
WAITS_FOR_DATASET = "waits for the dataset"
IN_LINE_FOR_JOB = "in line for a job"
TRAINS = "trains"
IN_LINE_FOR_ENDPOINT = "in line for an endpoint"
ENDPOINT_STARTS = "endpoint starts"
USES = "asks and leaves"
WAITING = (WAITS_FOR_DATASET, IN_LINE_FOR_JOB, IN_LINE_FOR_ENDPOINT)
CREATE_ENDPOINT = "Create endpoint"
ENTERING = {
    PREPROCESS_STATE: MAKES_DATASET,
    "Pause": WAITS_FOR_DATASET,
    "Note dataset": "",
    TRAIN_STATE: TRAINS,
    "Endpoint wanted?": "",
    CREATE_ENDPOINT: ENDPOINT_STARTS,
    "Done": "",
}
IN_LINE = {MAKES_DATASET: IN_LINE_FOR_JOB, TRAINS: IN_LINE_FOR_JOB, ENDPOINT_STARTS: IN_LINE_FOR_ENDPOINT}


@dataclass(frozen=True, slots=True)
class Phase:
    what: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def phases(events: Iterable[Event]) -> list[Phase]:
    """In order; calls of a moment are left out. Events oldest first.

    A task that was refused at a quota stands in line until its last call, which is the one that was let in.
    """
    begun: list[tuple[str, datetime]] = []
    doing = ""
    for event in events:
        now = event["timestamp"]
        state = event.get("stateEnteredEventDetails", {}).get("name")
        if state in ENTERING:
            doing = ENTERING[state]
            if doing == WAITS_FOR_DATASET and begun and begun[-1][0] == MAKES_DATASET:
                begun.pop()  # somebody else makes it
            _begin(begun, doing, now)
        elif QUOTA_ERROR in _error(event):
            if begun and begun[-1][0] == doing:
                now = begun.pop()[1]
            _begin(begun, IN_LINE[doing], now)
        elif event.get("type") == "TaskScheduled" and begun and begun[-1][0] in WAITING:
            _begin(begun, doing, now)
    ends = [start for _, start in begun[1:]]
    return [Phase(what, start, end) for (what, start), end in zip(begun, ends, strict=False) if what]


def _begin(begun: list[tuple[str, datetime]], what: str, now: datetime) -> None:
    if not begun or begun[-1][0] != what:
        begun.append((what, now))


def _error(event: Event) -> str:
    details = event.get("taskFailedEventDetails") or event.get("taskSubmitFailedEventDetails") or {}
    return str(details.get("error", ""))
