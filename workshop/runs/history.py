"""What an execution's history tells: its stages, why it failed, and since when it waits at a quota."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Event = dict[str, Any]

QUOTA_ERROR = "ResourceLimitExceeded"
LIMIT = re.compile(r"service limit '([^']+)'")  # as SageMaker words it: 'ml.g4dn.xlarge for training job usage'


@dataclass(frozen=True, slots=True)
class InLine:
    """A task waits for room in the account: ``what`` is the quota's name, or AWS's words where they hold none."""

    what: str
    since: datetime

    def __str__(self) -> str:
        return f"waiting for capacity or quota since {self.since.astimezone():%H:%M:%S} ({self.what})"


def stages_in(events: Iterable[Event]) -> list[str]:
    """Names of the states that were entered."""
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def in_line(events: Iterable[Event]) -> InLine | None:
    """Since when the execution waits at a quota, when its newest event is a refusal for one; events oldest first."""
    waiting: InLine | None = None
    refused = False
    for event in events:
        details = event.get("taskFailedEventDetails") or event.get("taskSubmitFailedEventDetails")
        if details and QUOTA_ERROR in details.get("error", ""):
            cause = str(details.get("cause", ""))
            match = LIMIT.search(cause)
            waiting = waiting or InLine(match[1] if match else " ".join(cause.split())[:100], event["timestamp"])
            refused = True
            continue
        refused = False
        if "stateEnteredEventDetails" in event or event.get("type") in ("TaskSubmitted", "TaskSucceeded"):
            waiting = None
    return waiting if refused else None


def reason_of(execution: dict[str, Any]) -> str:
    """Why an execution ended, from DescribeExecution: the job's own words where a job failed."""
    cause = execution.get("cause") or f"the execution ended as {execution['status']}"
    try:
        job = json.loads(cause)
    except (ValueError, RecursionError):
        return str(cause)
    reasons = [job.get(key) for key in ("ExitMessage", "FailureReason")] if isinstance(job, dict) else []
    return "; ".join(str(reason) for reason in reasons if reason) or str(cause)
