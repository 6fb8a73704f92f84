"""Scalable targets of endpoints: they could start instances anew."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from workshop.belongings.belonging import Belonging, Finding, Place, Topic
from workshop.belongings.tags import owner
from workshop.belongings.waiting import found, once


def list_scalable_targets(place: Place) -> Iterator[Finding]:
    """Those of the workshop's endpoints. One whose endpoint is gone belongs by the endpoint's name."""
    scaling = place.client("application-autoscaling")
    for page in scaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker"):
        for target in page["ScalableTargets"]:
            kind, _, rest = target["ResourceId"].partition("/")
            if kind == "endpoint" and _is_ours(place, rest.partition("/")[0]):
                yield Belonging(
                    Topic.SCALING,
                    "scalable target",
                    target["ResourceId"],
                    place.region,
                    once(
                        scaling.deregister_scalable_target,
                        ServiceNamespace="sagemaker",
                        ResourceId=target["ResourceId"],
                        ScalableDimension=target["ScalableDimension"],
                    ),
                )


def _is_ours(place: Place, endpoint: str) -> bool:
    if endpoint in place.tagged.get("endpoint", frozenset()):
        return True
    if not endpoint.startswith(place.names.run_prefix):
        return False
    arn = place.arn("sagemaker", f"endpoint/{endpoint}")
    answer = found(partial(place.client("sagemaker").list_tags, ResourceArn=arn))
    return answer is None or owner(answer["Tags"]) == place.names.workshop
