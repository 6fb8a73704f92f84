"""The account's quotas: how many instances may be at work at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from local_aws.sagemaker_store import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, ApiError, Record, StoredKind

VARIABLE = "LOCAL_AWS_QUOTAS"
# As Service Quotas calls what is counted, behind the instance type.
USES = {
    PROCESSING.noun: "processing job usage",
    TRAINING.noun: "training job usage",
    TRANSFORM.noun: "transform job usage",
    ENDPOINT.noun: "endpoint usage",
}
AT_WORK = frozenset({"InProgress", "Stopping", "Creating", "InService", "Updating", "Deleting"})


class Quotas:
    """``limits`` are instances by the kind's noun (``TrainingJob``); what is not among them has no limit."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)

    @classmethod
    def from_environment(cls) -> Quotas:
        return cls(json.loads(os.environ.get(VARIABLE, "{}")))

    def require_room(self, kind: StoredKind, instance_type: str, count: int, records: list[Record]) -> None:
        """Raises ApiError when ``count`` more instances beside those of ``records`` are too many."""
        limit = self._limits.get(kind.noun)
        if limit is None:
            return
        used = sum(instances_of(record)[1] for record in records if record.get(kind.status_key) in AT_WORK)
        if used + count > limit:
            raise ApiError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{instance_type} for {USES[kind.noun]}' is {limit} Instances, with "
                f"current utilization of {used} Instances and a request delta of {count} Instances. Please use AWS "
                "Service Quotas to request an increase for this quota.",
            )


def instances_of(request: dict[str, Any]) -> tuple[str, int]:
    """Type and number of instances that a job asks for; an endpoint counts as one."""
    cluster = (
        request.get("ProcessingResources", {}).get("ClusterConfig")
        or request.get("ResourceConfig")
        or request.get("TransformResources")
        or {}
    )
    return str(cluster.get("InstanceType", "instances")), int(cluster.get("InstanceCount", 1))
