"""What runs now, how long it still lives, and what that costs; and where every execution stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from infra.names import Names
from workshop.aws.account import Account
from workshop.aws.advice import is_denied
from workshop.aws.deployment import Deployment
from workshop.aws.tags import owner_in_sagemaker
from workshop.aws.waiting import none_if_missing
from workshop.runs.costs import PriceList, capacity_of_endpoint
from workshop.runs.endpoint import expiry_of, own_schedule
from workshop.runs.history import in_line, reason_of, stages_in
from workshop.runs.moments import moment
from workshop.runs.money import Money
from workshop.runs.run import execution_of

HISTORY_PAGE = 1000  # events; a run in line writes three a minute
REASON_CHARACTERS = 200
SERVERLESS = "serverless"


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """``capacity`` is ``serverless``, or unknown where the endpoint's config is gone. ``end`` is when its schedule
    deletes it; None when ``expiry`` says why there is none.

    Costs are in US dollars; None where the price is unknown.
    """

    name: str
    state: str
    capacity: str
    expiry: str
    end: datetime | None
    per_hour: float | None
    cost_left: float | None
    created: datetime

    @property
    def cost_so_far(self) -> float | None:
        hours = (datetime.now(UTC) - self.created).total_seconds() / 3600
        return None if self.per_hour is None else self.per_hour * hours

    @property
    def money(self) -> Money:
        """It costs at worst what it has cost when its schedule deletes it, and nothing ends it before by itself."""
        so_far, left = self.cost_so_far, self.cost_left
        return Money(so_far, None, None if so_far is None or left is None else so_far + max(0.0, left))

    @property
    def left(self) -> timedelta | None:
        return self.end - datetime.now(UTC) if self.end else None


@dataclass(frozen=True, slots=True)
class ExecutionStatus:
    """``stage`` is the state of the workflow that was entered last, with what it waits for or why it failed."""

    name: str
    state: str
    stage: str
    started: datetime


def endpoint_statuses(account: Account, names: Names, prices: PriceList, *, prefix: str = "") -> list[EndpointStatus]:
    """All that carry the workshop's tag, the newest first; only those whose names begin with ``prefix``."""
    sagemaker = account.client("sagemaker")
    pages = sagemaker.get_paginator("list_endpoints").paginate(SortBy="CreationTime", SortOrder="Descending")
    statuses = []
    for entry in (entry for page in pages for entry in page["Endpoints"]):
        if not entry["EndpointName"].startswith(prefix):
            continue
        if owner_in_sagemaker(sagemaker, entry["EndpointArn"]) == names.workshop:
            statuses.append(_status(account, entry, prices))
    return statuses


def endpoint_status(account: Account, name: str, prices: PriceList) -> EndpointStatus | None:
    """None where there is no such endpoint."""
    sagemaker = account.client("sagemaker")
    description = none_if_missing(lambda: sagemaker.describe_endpoint(EndpointName=name))
    return _status(account, description, prices) if description else None


def _status(account: Account, entry: dict[str, Any], prices: PriceList) -> EndpointStatus:
    name = entry["EndpointName"]
    capacity = none_if_missing(lambda: capacity_of_endpoint(account.client("sagemaker"), name))
    per_hour = None if capacity is None else prices.together(account.region, capacity)
    expiry, end = _expiry(account, name)
    hours = (end - datetime.now(UTC)).total_seconds() / 3600 if end else None
    cost_left = per_hour * hours if per_hour is not None and hours is not None else None
    instances = "unknown" if capacity is None else ", ".join(map(str, capacity)) or SERVERLESS
    created = entry["CreationTime"]
    return EndpointStatus(name, entry["EndpointStatus"], instances, expiry, end, per_hour, cost_left, created)


def _expiry(account: Account, name: str) -> tuple[str, datetime | None]:
    try:
        schedule = own_schedule(account.client("scheduler"), name)
    except ClientError as error:
        if is_denied(error):
            return "not allowed to see", None
        raise
    if schedule is None or schedule.get("State") == "DISABLED":
        return "NEVER", None
    end = expiry_of(schedule)
    if end is None:
        return f"by {schedule['ScheduleExpression']}", None
    return moment(end), end


def execution_statuses(account: Account, deployment: Deployment) -> list[ExecutionStatus]:
    """All that Step Functions remembers (90 days) and the caller may see, the newest first."""
    states = account.client("stepfunctions")
    listed = deployment.gate or deployment.workflow
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=listed)
    entries = (entry for page in pages for entry in page["executions"])
    behind = (_behind_gate(states, deployment, entry) if deployment.gate else entry for entry in entries)
    return [
        ExecutionStatus(entry["name"], entry["status"], _where(states, entry), entry["startDate"]) for entry in behind
    ]


def _behind_gate(states: Any, deployment: Deployment, entry: dict[str, Any]) -> dict[str, Any]:
    """The workflow's execution that a gate's has started; the gate's own where it started none."""
    if entry["status"] != "SUCCEEDED":
        return entry
    arn = execution_of(deployment.workflow, entry["name"])
    return none_if_missing(lambda: states.describe_execution(executionArn=arn)) or entry


def _where(states: Any, entry: dict[str, Any]) -> str:
    """The stage that was entered last, and what it waits for or why it failed."""
    arn = entry["executionArn"]
    newest = list[dict[str, Any]]()
    for page in states.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": HISTORY_PAGE}
    ):
        newest += page["events"]
        if stages_in(newest):
            break
    stage = next(iter(stages_in(newest)), "")
    if entry["status"] == "RUNNING" and (waiting := in_line(reversed(newest))):
        return f"{stage}: {waiting}"
    if entry["status"] in ("FAILED", "TIMED_OUT", "ABORTED"):
        reason = " ".join(reason_of(states.describe_execution(executionArn=arn)).split())
        return f"{stage}: {reason[:REASON_CHARACTERS]}"
    return stage
