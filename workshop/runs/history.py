"""What an execution's history tells: its stages, why it failed, and since when it waits at a quota."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.names import CLEANING_STATES

Event = dict[str, Any]

QUOTA_ERROR = "ResourceLimitExceeded"
LIMIT = re.compile(r"service limit '([^']+)'")  # as SageMaker words it: 'ml.g4dn.xlarge for training job usage'
JOB_NAME = re.compile(r'"(?:Processing|Training|HyperParameterTuning|Transform)JobName"\s*:\s*"([A-Za-z0-9-]+)"')
LEADING_ON = tuple(f"{kind}StateEntered" for kind in ("Choice", "Fail", "Pass", "Wait"))


@dataclass(frozen=True, slots=True)
class InLine:
    """A task waits for room in the account: ``what`` is the quota's name, or AWS's words where they hold none."""

    what: str
    since: datetime

    def __str__(self) -> str:
        return f"waiting for capacity or quota since {self.since.astimezone():%H:%M:%S %Z} ({self.what})"


def stages_in(events: Iterable[Event]) -> list[str]:
    """Names of the states that were entered, each once; those that only lead to others, or clean up, are left out."""
    entered = (event for event in events if "stateEnteredEventDetails" in event)
    names = dict.fromkeys(_stage(event) for event in entered if event.get("type") not in LEADING_ON)
    return [name for name in names if name not in CLEANING_STATES]


def begin_of(stage: str, events: Iterable[Event]) -> datetime | None:
    """When a stage was entered for the first time."""
    entered = (event for event in events if "stateEnteredEventDetails" in event and _stage(event) == stage)
    return next((event.get("timestamp") for event in entered), None)


def jobs_in(events: Iterable[Event]) -> dict[str, str]:
    """The newest job of each stage that started one or waits for one, by the stage's name; events oldest first."""
    jobs, stage = dict[str, str](), ""
    for event in events:
        if "stateEnteredEventDetails" in event:
            stage = _stage(event)
        parameters = event.get("taskScheduledEventDetails", {}).get("parameters", "")
        if match := JOB_NAME.search(parameters):
            jobs[stage] = match[1]
    return jobs


def _stage(event: Event) -> str:
    return str(event["stateEnteredEventDetails"]["name"])


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
