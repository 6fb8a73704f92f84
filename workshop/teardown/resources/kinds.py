"""How SageMaker calls its kinds of resources, and whose one of them is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore import xform_name

from workshop.aws.tags import owner
from workshop.aws.waiting import none_if_missing
from workshop.teardown.resources.resource import Lookalike, Place

# SageMaker's pattern for names of jobs and endpoints: what is called otherwise belongs to none of them.
RESOURCE_NAME = re.compile("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's word in ARNs, its noun in operations, and the key of its list."""

    resource: str
    noun: str
    list_key: str

    @property
    def title(self) -> str:
        return self.resource.replace("-", " ")

    @property
    def plural_operation(self) -> str:
        return str(xform_name(f"List{self.noun}s"))

    @property
    def name_key(self) -> str:
        return f"{self.noun}Name"

    @property
    def arn_key(self) -> str:
        return f"{self.noun}Arn"

    @property
    def status_key(self) -> str:
        return f"{self.noun}Status"

    def call(self, sagemaker: Any, verb: str, name: str) -> Any:
        return getattr(sagemaker, xform_name(f"{verb}{self.noun}"))(**{self.name_key: name})


ENDPOINT = Kind("endpoint", "Endpoint", "Endpoints")
ENDPOINT_CONFIG = Kind("endpoint-config", "EndpointConfig", "EndpointConfigs")
MODEL = Kind("model", "Model", "Models")
PROCESSING = Kind("processing-job", "ProcessingJob", "ProcessingJobSummaries")
TRAINING = Kind("training-job", "TrainingJob", "TrainingJobSummaries")
TUNING = Kind("hyper-parameter-tuning-job", "HyperParameterTuningJob", "HyperParameterTuningJobSummaries")
TRANSFORM = Kind("transform-job", "TransformJob", "TransformJobSummaries")
JOBS = (PROCESSING, TRAINING, TUNING, TRANSFORM)


def entries(place: Place, kind: Kind, states: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Summaries of everything of a kind, or of what is in one of these states.

    No filter narrows by name, because the tag decides, whatever a thing is called.
    """
    paginator = place.client("sagemaker").get_paginator(kind.plural_operation)
    for filters in [{"StatusEquals": state} for state in states] or [{}]:
        for page in paginator.paginate(**filters):
            yield from page[kind.list_key]


def tag_of(place: Place, arn: str) -> str | None:
    """The workshop that a resource of SageMaker says it belongs to; None without such a tag, or when it is gone."""
    answer = none_if_missing(partial(place.client("sagemaker").list_tags, ResourceArn=arn))
    return owner(answer["Tags"]) if answer else None


def why_others(place: Place, kind: Kind, name: str) -> str:
    """Why what belongs to this resource is left alone; empty when the resource is the workshop's or gone."""
    if not RESOURCE_NAME.fullmatch(name):
        return ""
    description = none_if_missing(partial(kind.call, place.client("sagemaker"), "Describe", name))
    if description is None:
        return ""
    tag = tag_of(place, description[kind.arn_key])
    if tag == place.names.workshop:
        return ""
    whose = f"carries the tag of workshop {tag!r}" if tag else "does not carry the tag"
    return f"belongs to {kind.title} {name}, which {whose}"


def lookalike(place: Place, kind: Kind, name: str, tag: str | None) -> Iterator[Lookalike]:
    """A resource without the workshop's tag, when it is called like the workshop's own."""
    if name.startswith(place.names.run_prefix):
        why = {"why": f"has the name but the tag of workshop {tag!r}"} if tag else {}
        yield Lookalike(kind.title, name, place.region, **why)
