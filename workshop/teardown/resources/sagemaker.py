"""Endpoints, what serves them, and jobs at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from workshop.aws.endpoints import remove_endpoint
from workshop.aws.kinds import ENDPOINT, ENDPOINT_CONFIG, MODEL, TRAINING, Kind
from workshop.aws.waiting import Pace, none_if_missing, wait
from workshop.aws.warm_pools import AVAILABLE, end_warm_pool, is_warm, jobs_with_warm_pools
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import entries, lookalike, tags_of
from workshop.teardown.resources.resource import Finding, Place, Problem, Resource

JOB_AT_WORK = ("InProgress", "Stopping")
STOPPING_WAY_OUT = "run the command again in some minutes"

Remove = Callable[[Any, str, Pace], None]


def list_endpoints(place: Place) -> Iterator[Finding]:
    return _list(place, ENDPOINT, Topic.ENDPOINTS, remove_endpoint)


def list_serving(place: Place) -> Iterator[Finding]:
    """Endpoint configs and models: they cost nothing, and stay when an endpoint is deleted."""
    for kind in (ENDPOINT_CONFIG, MODEL):
        yield from _list(place, kind, Topic.SERVING, partial(_delete, kind))


def job_lister(kind: Kind) -> Callable[[Place], Iterator[Finding]]:
    """Jobs that run. Those that ended cost nothing and stay in SageMaker's history for good."""
    return lambda place: _list(place, kind, Topic.JOBS, partial(_stop, kind), JOB_AT_WORK)


def list_warm_pools(place: Place) -> Iterator[Finding]:
    """Instances that a training job which ended keeps for the next one: they bill as if it went on."""
    waiting = [{**job, TRAINING.status_key: AVAILABLE} for job in jobs_with_warm_pools(place.client("sagemaker"))]
    return _own(place, TRAINING, Topic.JOBS, _cool, waiting, "warm pool")


def _list(place: Place, kind: Kind, topic: Topic, remove: Remove, states: tuple[str, ...] = ()) -> Iterator[Finding]:
    """What carries the workshop's tag, whatever it is called."""
    listed = [entry for entry in entries(place, kind, states) if not states or entry[kind.status_key] in states]
    return _own(place, kind, topic, remove, listed, kind.title)


def _own(
    place: Place, kind: Kind, topic: Topic, remove: Remove, listed: list[dict[str, Any]], title: str
) -> Iterator[Finding]:
    sagemaker = place.client("sagemaker")
    tags = tags_of(place, topic, [entry[kind.arn_key] for entry in listed])
    for entry, tag in zip(listed, tags, strict=True):
        name, arn, state = entry[kind.name_key], entry[kind.arn_key], entry.get(kind.status_key, "")
        if isinstance(tag, Problem):
            yield tag
        elif tag == place.names.workshop:
            yield Resource(topic, title, name, place.region, partial(remove, sagemaker, name), state, arn)
        else:
            yield from lookalike(place, kind, name, tag)


def _stop(kind: Kind, sagemaker: Any, name: str, pace: Pace) -> None:
    def state() -> str:
        description = none_if_missing(partial(kind.call, sagemaker, "Describe", name))
        status = str(description[kind.status_key]) if description else ""
        if status == "InProgress":
            none_if_missing(partial(kind.call, sagemaker, "Stop", name))
        return status if status in JOB_AT_WORK else ""

    wait(state, pace, STOPPING_WAY_OUT)


def _cool(sagemaker: Any, name: str, pace: Pace) -> None:
    """The job stays, as any that has ended; its instances go."""

    def state() -> str:
        job = none_if_missing(partial(TRAINING.call, sagemaker, "Describe", name))
        if not job or not is_warm(job):
            return ""
        none_if_missing(partial(end_warm_pool, sagemaker, name))
        return AVAILABLE

    wait(state, pace, STOPPING_WAY_OUT)


def _delete(kind: Kind, sagemaker: Any, name: str, pace: Pace) -> None:
    none_if_missing(partial(kind.call, sagemaker, "Delete", name))
