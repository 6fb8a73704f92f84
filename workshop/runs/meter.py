"""What a workshop's jobs and endpoints have cost, and what running executions may still cost.

The workflow counts the same before an execution starts (infra/budget_requests.py says how, and why notes are written).
"""

from __future__ import annotations

import math
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chitra.errors import WorkshopError
from infra.budget_requests import YOUNG_MILLISECONDS
from infra.costs import Rates, rates
from infra.names import BUDGET_PREFIX, Names, run_of_job
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.kinds import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, Kind
from workshop.runs.job_state import AT_WORK

CENTS = 100
JOBS_COUNTED = (TRAINING, PROCESSING, TRANSFORM)
YOUNG = timedelta(milliseconds=YOUNG_MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Note:
    """What an execution noted before it started: cents of its jobs, and of its endpoint."""

    run: str
    jobs: int
    endpoint: int
    written: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """What SageMaker, Step Functions and the bucket list; ``running`` are runs' names."""

    now: datetime
    running: frozenset[str] = frozenset()
    training: Sequence[dict[str, Any]] = ()
    processing: Sequence[dict[str, Any]] = ()
    endpoints: Sequence[dict[str, Any]] = ()
    notes: Sequence[Note] = ()
    transforms: Sequence[dict[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Meter:
    """US dollars. ``endpoints`` are counted until they end; ``reserved`` is what running executions' jobs may cost."""

    jobs: float
    endpoints: float
    reserved: float
    running: tuple[str, ...] = field(default=())

    @property
    def total(self) -> float:
        return self.jobs + self.endpoints + self.reserved

    def left(self, amount: float) -> float:
        return max(0.0, amount - self.total)


def count(listing: Listing, rates: Rates, names: Names) -> Meter:
    """The sums over a listing."""
    training = _own(listing.training, TRAINING, names)
    processing = _own(listing.processing, PROCESSING, names)
    spent = sum(
        _cost(job, "TrainingEndTime", listing.now, rates.training, rates.warm_hours)
        for job in training
        if run_of_job(job["TrainingJobName"]) not in listing.running
    )
    transforms = _own(listing.transforms, TRANSFORM, names)
    spent += sum(
        _cost(job, "TransformEndTime", listing.now, rates.transform)
        for job in transforms
        if job["TransformJobName"] not in listing.running
    )
    spent += sum(
        _cost(job, "ProcessingEndTime", listing.now, rates.processing)
        for job in processing
        if job["ProcessingJobStatus"] != "InProgress"
    )
    at_work = {run_of_job(job["TrainingJobName"]) for job in training if job["TrainingJobStatus"] in AT_WORK}
    at_work |= {job["TransformJobName"] for job in transforms if job["TransformJobStatus"] in AT_WORK}
    runs = listing.running | at_work
    reserved = sum(note.jobs for note in listing.notes if note.run in runs or note.written > listing.now - YOUNG)
    endpoints = sum(note.endpoint for note in listing.notes) / CENTS
    endpoints += sum(
        max(0.0, _cost(each, "", listing.now, rates.hosting) - _noted(each["EndpointName"], listing.notes))
        for each in _own(listing.endpoints, ENDPOINT, names)
    )
    return Meter(spent, endpoints, reserved / CENTS, tuple(sorted(listing.running)))


def with_assumed_notes(listing: Listing, rates: Rates) -> Listing:
    """Where no budget is set nobody notes anything: a running execution counts with the jobs that it may have.

    Of a tuning these are the training jobs that were made by now: what else it was asked for nobody lists.
    """
    trainings = Counter(run_of_job(job["TrainingJobName"]) for job in listing.training)
    cents = {run: math.ceil(CENTS * rates.jobs_at_worst(max(1, trainings[run]))) for run in sorted(listing.running)}
    return replace(listing, notes=[Note(run, jobs, 0, listing.now) for run, jobs in cents.items()])


def _own(summaries: Iterable[dict[str, Any]], kind: Kind, names: Names) -> list[dict[str, Any]]:
    return [each for each in summaries if each[kind.name_key].startswith(names.run_prefix)]


def _cost(each: dict[str, Any], end: str, now: datetime, rate: float, more_hours: float = 0.0) -> float:
    seconds = (each.get(end, now) - each["CreationTime"]).total_seconds()
    return float(rate * (seconds / 3600 + more_hours))


def _noted(endpoint: str, notes: Sequence[Note]) -> float:
    return sum(note.endpoint for note in notes if note.run == endpoint) / CENTS


def require_room(
    account: Account,
    deployment: Deployment,
    settings: Settings,
    *,
    jobs: bool = False,
    hours: int = 0,
    articles: bool = False,
    trainings: int = 1,
) -> None:
    """What the workflow will ask, asked before: nothing is started, and nobody has to follow it to hear why.

    Raises:
        WorkshopError: an execution with these jobs, an endpoint of so many hours, or articles to classify would pass
            the budget.
    """
    if settings.budget is None or deployment.gate:  # who starts through a gate may not look; the workflow says why
        return
    known = rates(settings)
    own = (known.jobs_at_worst(trainings) if jobs else 0.0) + known.hosting * hours
    own += known.classification_at_worst if articles else 0.0
    left = count(read_listing(account, deployment), known, deployment.names).left(settings.budget.amount)
    if own > left:
        raise WorkshopError(
            f"would cost up to {_dollars(own)}; {_dollars(left)} of the budget of {_dollars(settings.budget.amount)} "
            "are left. `.venv/bin/workshop budget` shows what it went to; runs that end give back what they did not "
            "use."
        )


def note_more_hours(account: Account, deployment: Deployment, settings: Settings, endpoint: str, hours: int) -> None:
    """An endpoint that gets more time is counted with it from now on."""
    if settings.budget is None:
        return
    cents = math.ceil(CENTS * rates(settings).hosting * hours)
    key = note_key(endpoint, endpoint_cents=cents, mark=uuid.uuid4().hex[:8])
    account.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=b"{}")


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def read_listing(account: Account, deployment: Deployment) -> Listing:
    """Since the workflow was deployed.

    Raises:
        AWS_ERRORS: something could not be looked at.
    """
    states = account.client("stepfunctions")
    since = states.describe_state_machine(stateMachineArn=deployment.workflow)["creationDate"]
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=deployment.workflow, statusFilter="RUNNING"
    )
    running = {f"{deployment.names.run_prefix}{each['name']}" for page in pages for each in page["executions"]}
    listed = {kind: _listed(account, kind, deployment.names, since) for kind in (*JOBS_COUNTED, ENDPOINT)}
    notes = _notes(account, deployment.bucket)
    return Listing(
        datetime.now(UTC),
        frozenset(running),
        listed[TRAINING],
        listed[PROCESSING],
        listed[ENDPOINT],
        notes,
        listed[TRANSFORM],
    )


def _listed(account: Account, kind: Kind, names: Names, since: datetime) -> list[dict[str, Any]]:
    pages = account.client("sagemaker").get_paginator(kind.plural_operation)
    found = pages.paginate(NameContains=names.run_prefix, CreationTimeAfter=since)
    return [each for page in found for each in page[kind.list_key]]


def _notes(account: Account, bucket: str) -> list[Note]:
    pages = account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=BUDGET_PREFIX)
    return [read_note(each["Key"], each["LastModified"]) for page in pages for each in page.get("Contents", [])]


def read_note(key: str, written: datetime) -> Note:
    run, cents = key.removeprefix(BUDGET_PREFIX).split("/")[:2]
    jobs, endpoint = cents.split("-")[:2]
    return Note(run, int(jobs), int(endpoint), written)


def note_key(run: str, *, endpoint_cents: int, mark: str) -> str:
    """Of more hours for an endpoint; ``mark`` tells it from other notes of the run."""
    return f"{BUDGET_PREFIX}{run}/0-{endpoint_cents}-{mark}"
