"""How an endpoint is deleted: teardown and `workshop endpoint delete` do the same."""

from __future__ import annotations

from functools import partial
from typing import Any

from workshop.aws.waiting import Pace, none_if_missing, wait

ENDPOINT_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
BUSY_WAY_OUT = "AWS deletes no endpoint at work; within an hour it is in service or failed: run the command again then"


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
