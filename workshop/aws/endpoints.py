"""How an endpoint is deleted, at once or by its schedule: teardown and `workshop endpoint delete` do the same."""

from __future__ import annotations

from functools import partial
from typing import Any

from chitra.errors import InputError
from chitra.json_text import parse_json
from workshop.aws.waiting import Pace, none_if_missing, wait

DELETE_TARGET = ":aws-sdk:sagemaker:deleteEndpoint"
ENDPOINT_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
BUSY_WAY_OUT = "AWS deletes no endpoint at work; within an hour it is in service or failed: run the command again then"


def endpoint_ended_by(schedule: dict[str, Any]) -> str | None:
    """The endpoint that a schedule deletes, from Scheduler's description; None when it does anything else."""
    target = schedule["Target"]
    if not target["Arn"].endswith(DELETE_TARGET):
        return None
    try:
        request = parse_json(target.get("Input", "").encode(), f"schedule {schedule['Name']}")
    except InputError:
        return None
    match request:
        case {"EndpointName": str(name)} if len(request) == 1:
            return name
    return None


def remove_endpoint(sagemaker: Any, name: str, pace: Pace) -> None:
    """Delete an endpoint as soon as AWS allows it, and wait until it is gone."""

    def state() -> str:
        description = none_if_missing(partial(sagemaker.describe_endpoint, EndpointName=name))
        if description is None:
            return ""
        if description["EndpointStatus"] not in ENDPOINT_BUSY:
            none_if_missing(partial(sagemaker.delete_endpoint, EndpointName=name))
            return "Deleting"
        return str(description["EndpointStatus"])

    wait(state, pace, BUSY_WAY_OUT)
