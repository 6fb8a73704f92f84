"""Scalable targets of endpoints: they could start instances anew."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from typing import Any

from workshop.aws.kinds import ENDPOINT
from workshop.aws.waiting import delete_call
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import is_named_as_ours, why_others
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource, guarded_each


def list_scalable_targets(place: Place) -> Iterator[Finding]:
    """Those of the workshop's endpoints. One whose endpoint is gone belongs by the endpoint's name."""
    scaling = place.client("application-autoscaling")
    pages = scaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker")
    targets = (target for page in pages for target in page["ScalableTargets"])
    return guarded_each(Topic.SCALING, place.region, targets, partial(_target, place), itemgetter("ResourceId"))


def _target(place: Place, target: dict[str, Any]) -> Iterator[Finding]:
    name = target["ResourceId"]
    kind, _, rest = name.partition("/")
    endpoint = rest.partition("/")[0]
    if kind != ENDPOINT.resource or not is_named_as_ours(place, ENDPOINT, endpoint):
        return
    if why := why_others(place, ENDPOINT, endpoint):
        yield Lookalike("scalable target", name, place.region, why)
        return
    remove = delete_call(
        place.client("application-autoscaling").deregister_scalable_target,
        ServiceNamespace="sagemaker",
        ResourceId=name,
        ScalableDimension=target["ScalableDimension"],
    )
    yield Resource(Topic.SCALING, "scalable target", name, place.region, remove)
