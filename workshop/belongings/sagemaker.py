"""Endpoints, what serves them, and jobs at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from workshop.belongings.belonging import Belonging, Finding, Lookalike, Pace, Place, Topic
from workshop.belongings.tags import owner
from workshop.belongings.waiting import found, wait

ENDPOINT_BUSY = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
JOB_AT_WORK = frozenset({"InProgress", "Stopping"})
BUSY_WAY_OUT = "AWS deletes no endpoint at work; within an hour it is in service or failed: run the command again then"
STOPPING_WAY_OUT = "run the command again in some minutes"


@dataclass(frozen=True, slots=True)
class Kind:
    """How SageMaker calls a kind of resource: in ARNs, in operations, in lists."""

    resource: str
    noun: str
    list_key: str

    @property
    def title(self) -> str:
        return self.resource.replace("-", " ")

    @property
    def plural_operation(self) -> str:
        return f"list_{_snake(self.noun)}s"

    def call(self, sagemaker: Any, verb: str, name: str) -> Any:
        return getattr(sagemaker, f"{verb}_{_snake(self.noun)}")(**{f"{self.noun}Name": name})


def _snake(noun: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in noun).lstrip("_")


ENDPOINT = Kind("endpoint", "Endpoint", "Endpoints")
ENDPOINT_CONFIG = Kind("endpoint-config", "EndpointConfig", "EndpointConfigs")
MODEL = Kind("model", "Model", "Models")
JOBS = (
    Kind("processing-job", "ProcessingJob", "ProcessingJobSummaries"),
    Kind("training-job", "TrainingJob", "TrainingJobSummaries"),
    Kind("hyper-parameter-tuning-job", "HyperParameterTuningJob", "HyperParameterTuningJobSummaries"),
    Kind("transform-job", "TransformJob", "TransformJobSummaries"),
)


def list_endpoints(place: Place) -> Iterator[Finding]:
    return _list(place, ENDPOINT, Topic.ENDPOINTS, remove_endpoint)


def list_serving(place: Place) -> Iterator[Finding]:
    """Endpoint configs and models: they cost nothing, and stay when an endpoint is deleted."""
    for kind in (ENDPOINT_CONFIG, MODEL):
        yield from _list(place, kind, Topic.SERVING, partial(_delete, kind))


def job_lister(kind: Kind) -> Callable[[Place], Iterator[Finding]]:
    """Jobs that run. Those that ended cost nothing and stay in SageMaker's history for good."""
    return lambda place: _list(place, kind, Topic.JOBS, partial(_stop, kind), JOB_AT_WORK)


def _list(
    place: Place,
    kind: Kind,
    topic: Topic,
    remove: Callable[[Any, str, Pace], None],
    states: frozenset[str] | None = None,
) -> Iterator[Finding]:
    """What is named like the workshop's runs, then what carries its tag under another name."""
    sagemaker = place.client("sagemaker")

    def belonging(name: str, state: str) -> Belonging:
        return Belonging(topic, kind.title, name, place.region, partial(remove, sagemaker, name), state)

    for entry in _entries(place, sagemaker, kind):
        name, state = entry[f"{kind.noun}Name"], entry.get(f"{kind.noun}Status", "")
        if states is not None and state not in states:
            continue
        answer = found(partial(sagemaker.list_tags, ResourceArn=entry[f"{kind.noun}Arn"]))
        tag = owner(answer["Tags"]) if answer else None
        if tag == place.names.workshop:
            yield belonging(name, state)
        elif answer and tag is None and name.startswith(place.names.run_prefix):
            yield Lookalike(kind.title, name, place.region)


def _entries(place: Place, sagemaker: Any, kind: Kind) -> Iterator[dict[str, Any]]:
    """Summaries or descriptions: both hold name, ARN and status."""
    prefix = place.names.run_prefix
    for page in sagemaker.get_paginator(kind.plural_operation).paginate(NameContains=prefix):
        yield from page[kind.list_key]
    for name in sorted(place.tagged.get(kind.resource, frozenset())):
        if prefix not in name.lower():
            description = found(partial(kind.call, sagemaker, "describe", name))
            if description:
                yield description


def remove_endpoint(sagemaker: Any, name: str, pace: Pace) -> None:
    """Delete an endpoint as soon as AWS allows it, and wait until it is gone."""

    def state() -> str:
        description = found(partial(sagemaker.describe_endpoint, EndpointName=name))
        if description is None:
            return ""
        if description["EndpointStatus"] not in ENDPOINT_BUSY:
            found(partial(sagemaker.delete_endpoint, EndpointName=name))
            return "Deleting"
        return str(description["EndpointStatus"])

    wait(state, pace, BUSY_WAY_OUT)


def _stop(kind: Kind, sagemaker: Any, name: str, pace: Pace) -> None:
    def state() -> str:
        description = found(partial(kind.call, sagemaker, "describe", name))
        status = str(description[f"{kind.noun}Status"]) if description else ""
        if status == "InProgress":
            found(partial(kind.call, sagemaker, "stop", name))
        return status if status in JOB_AT_WORK else ""

    wait(state, pace, STOPPING_WAY_OUT)


def _delete(kind: Kind, sagemaker: Any, name: str, pace: Pace) -> None:
    found(partial(kind.call, sagemaker, "delete", name))
