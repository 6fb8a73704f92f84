"""Endpoints by hand: made from a finished run, given more time, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chitra.errors import InputError, WorkshopError
from infra.names import Names, artefact_key
from infra.settings import MAX_HOURS_TO_LIVE, Settings
from workshop.aws.account import Account
from workshop.aws.advice import is_denied
from workshop.aws.deployment import Deployment, find_deployment
from workshop.aws.endpoints import endpoint_ended_by, remove_endpoint
from workshop.aws.run_names import new_run_name
from workshop.aws.tags import owner_in_sagemaker
from workshop.aws.waiting import Pace, none_if_hidden, none_if_missing
from workshop.runs.run import Run, start_execution
from workshop.runs.serving import delete_serving
from workshop.runs.tuning import best_trial

TIME = "%Y-%m-%dT%H:%M:%S"
# UpdateSchedule replaces everything; these are taken over.
SCHEDULE_KEYS = (
    "Name",
    "GroupName",
    "Description",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "ActionAfterCompletion",
    "Target",
    "State",
)


def create_endpoint(account: Account, deployment: Deployment, run: str, *, hours: int | None, user: str = "") -> Run:
    """Start an execution of the workflow that only serves the model of a finished run; of a tuning, its best one.

    The workflow makes endpoints in one way only: first the schedule that deletes it, then the endpoint.

    Raises:
        WorkshopError: the run left no model.
    """
    left_by = run if _has_model(account, deployment, run) else best_trial(account, run)
    if not left_by:
        place = f"s3://{deployment.bucket}/{artefact_key(run)}"
        raise WorkshopError(f"run {run}: left no model in {place}. See `.venv/bin/workshop status`.")
    name = new_run_name(deployment.names, user)
    request: dict[str, Any] = {"endpoint": True, "artefact": f"s3://{deployment.bucket}/{artefact_key(left_by)}"}
    if hours is not None:
        request["hours"] = check_hours(hours)
    return start_execution(account, deployment, name, request)


def _has_model(account: Account, deployment: Deployment, run: str) -> bool:
    s3 = account.client("s3")
    return none_if_missing(lambda: s3.head_object(Bucket=deployment.bucket, Key=artefact_key(run))) is not None


def check_hours(hours: int) -> int:
    """Raises InputError outside of 1 to 72."""
    if not 1 <= hours <= MAX_HOURS_TO_LIVE:
        raise InputError(f"--hours {hours}: must be from 1 to {MAX_HOURS_TO_LIVE}.")
    return hours


def expiry_of(schedule: dict[str, Any]) -> datetime | None:
    """When a schedule is due; None for one that is due again and again."""
    try:
        return datetime.strptime(schedule["ScheduleExpression"], f"at({TIME})").replace(tzinfo=UTC)
    except ValueError:
        return None


def extend_endpoint(account: Account, schedule: dict[str, Any], hours: int) -> datetime:
    """Let the endpoint live ``hours`` from now on, whose ``schedule`` it is; returns its new end."""
    check_hours(hours)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    definition = {key: schedule[key] for key in SCHEDULE_KEYS if schedule.get(key)}
    account.client("scheduler").update_schedule(**definition, ScheduleExpression=f"at({end:{TIME}})")
    return end


def schedule_of(account: Account, settings: Settings, endpoint: str) -> dict[str, Any]:
    """The schedule that will delete the endpoint.

    Raises:
        WorkshopError: the endpoint does not exist, is not the workshop's, or has no schedule.
    """
    _require_own(account, settings, endpoint)
    schedule = own_schedule(account.client("scheduler"), endpoint)
    if schedule is None:
        raise WorkshopError(
            f"endpoint {endpoint}: has no schedule of its own that could be extended. Delete it: "
            f"`.venv/bin/workshop endpoint delete {endpoint}`, and create it anew."
        )
    return schedule


def delete_endpoint(account: Account, settings: Settings, endpoint: str, pace: Pace) -> list[str]:
    """Delete an endpoint, its config, its models, and the schedule last; returns what was left, and why.

    Raises:
        WorkshopError: it is not the workshop's.
        StillThereError: AWS does not let go of it yet; its schedule stays.
    """
    config = _require_own(account, settings, endpoint)["EndpointConfigName"]
    sagemaker, scheduler = account.client("sagemaker"), account.client("scheduler")
    remove_endpoint(sagemaker, endpoint, pace)
    left = delete_serving(sagemaker, settings.name, config)
    try:
        if own_schedule(scheduler, endpoint):
            none_if_missing(lambda: scheduler.delete_schedule(Name=endpoint))
    except ClientError as error:  # participants may not; a schedule without its endpoint does nothing and ends itself
        if not is_denied(error):
            raise
    return left


def own_schedule(scheduler: Any, endpoint: str) -> dict[str, Any] | None:
    """The schedule of the endpoint's name, when what it does is to delete that endpoint."""
    schedule: dict[str, Any] | None = none_if_missing(lambda: scheduler.get_schedule(Name=endpoint))
    return schedule if schedule and endpoint_ended_by(schedule) == endpoint else None


def exact_name(account: Account, settings: Settings, endpoint: str) -> str:
    """Endpoints may be called without the workshop's prefix, unless one of the workshop's has that very name."""
    if endpoint.startswith(Names(settings.name).run_prefix):
        return endpoint
    sagemaker = account.client("sagemaker")
    description = none_if_hidden(lambda: sagemaker.describe_endpoint(EndpointName=endpoint))
    if description and owner_in_sagemaker(sagemaker, description["EndpointArn"]) == settings.name:
        return endpoint
    return find_deployment(account, settings).full_name(endpoint)


def _require_own(account: Account, settings: Settings, endpoint: str) -> dict[str, Any]:
    """The endpoint as SageMaker describes it."""
    sagemaker = account.client("sagemaker")
    description: dict[str, Any] | None = none_if_missing(lambda: sagemaker.describe_endpoint(EndpointName=endpoint))
    if description is None:
        raise WorkshopError(f"endpoint {endpoint}: does not exist. `.venv/bin/workshop status` lists those that do.")
    if owner_in_sagemaker(sagemaker, description["EndpointArn"]) != settings.name:
        raise WorkshopError(f"endpoint {endpoint}: does not carry the tag of workshop {settings.name!r}; left alone.")
    return description
