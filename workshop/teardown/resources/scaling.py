"""Scalable targets of endpoints: they could start instances anew."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.aws.waiting import delete_call
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import ENDPOINT, why_others
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource


def list_scalable_targets(place: Place) -> Iterator[Finding]:
    """Those of the workshop's endpoints. One whose endpoint is gone belongs by the endpoint's name."""
    scaling = place.client("application-autoscaling")
    for page in scaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker"):
        for target in page["ScalableTargets"]:
            name = target["ResourceId"]
            kind, _, rest = name.partition("/")
            endpoint = rest.partition("/")[0]
            tagged = endpoint in place.tagged.get(ENDPOINT.resource, frozenset())
            if kind != ENDPOINT.resource or not (tagged or endpoint.startswith(place.names.run_prefix)):
                continue
            if why := why_others(place, ENDPOINT, endpoint):
                yield Lookalike("scalable target", name, place.region, why)
                continue
            remove = delete_call(
                scaling.deregister_scalable_target,
                ServiceNamespace="sagemaker",
                ResourceId=name,
                ScalableDimension=target["ScalableDimension"],
            )
            yield Resource(Topic.SCALING, "scalable target", name, place.region, remove)
