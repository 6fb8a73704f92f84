"""Whose a resource of SageMaker is, of the kinds that the workshop makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from workshop.aws.kinds import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, Kind
from workshop.aws.run_names import is_run_name
from workshop.aws.tags import Arn, names_in_sagemaker, owner_in_sagemaker
from workshop.aws.waiting import none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Lookalike, Place, Problem, guarded

TAG_THREADS = 16  # of one list; they wait for AWS


def entries(place: Place, kind: Kind, states: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Summaries of everything of a kind, or of what is in one of these states.

    No filter narrows by name, because the tag decides, whatever a thing is called.
    """
    paginator = place.client("sagemaker").get_paginator(kind.plural_operation)
    for filters in [{"StatusEquals": state} for state in states] or [{}]:
        for page in paginator.paginate(**filters):
            yield from page[kind.list_key]


def tag_of(place: Place, arn: str) -> str | None:
    """The workshop that a resource of SageMaker says it belongs to, asked once in a survey."""
    if arn not in place.owners:
        place.owners[arn] = owner_in_sagemaker(place.client("sagemaker"), arn)
    return place.owners[arn]


def tags_of(place: Place, topic: Topic, arns: Iterable[str]) -> Iterator[str | Problem | None]:
    """``tag_of`` for many at a time: SageMaker tells tags of one resource per call, and accounts hold hundreds."""
    with ThreadPoolExecutor(TAG_THREADS) as pool:
        yield from pool.map(lambda arn: guarded(partial(tag_of, place, arn), topic, place.region, f"{arn}: "), arns)


def tagged_names(place: Place, arns: Iterable[Arn]) -> dict[str, frozenset[str]]:
    """Names by kind, as they were given: ARNs of SageMaker write them in small letters.

    A kind whose names are all the workshop's own is not listed, since those have no capitals.
    """
    names = names_in_sagemaker(arns)
    texts = {arn.text.lower() for arn in arns}
    for kind in (ENDPOINT, PROCESSING, TRAINING, TRANSFORM):
        if all(name.startswith(place.names.run_prefix) for name in names.get(kind.resource, frozenset())):
            continue
        given = {entry[kind.name_key] for entry in entries(place, kind) if entry[kind.arn_key].lower() in texts}
        names[kind.resource] |= given
    return names


def why_others(place: Place, kind: Kind, name: str) -> str:
    """Why what belongs to this resource is left alone; empty when the resource is the workshop's or gone."""
    if not is_run_name(name):  # no resource can be called so
        return ""
    description = none_if_missing(partial(kind.call, place.client("sagemaker"), "Describe", name))
    if description is None:
        return ""
    tag = tag_of(place, description[kind.arn_key])
    if tag == place.names.workshop:
        return ""
    return f"belongs to {kind.title} {name}, which {whose(tag)}"


def whose(tag: str | None) -> str:
    """What a tag that is not the workshop's says, after "which"."""
    return f"carries the tag of workshop {tag!r}" if tag else "does not carry the tag"


def is_named_as_ours(place: Place, kind: Kind, name: str) -> bool:
    """Whether the workshop gives such names, or something of this name carries or carried its tag."""
    return name.startswith(place.names.run_prefix) or name in place.tagged.get(kind.resource, frozenset())


def lookalike(place: Place, kind: Kind, name: str, tag: str | None) -> Iterator[Lookalike]:
    """A resource without the workshop's tag, when it is called like the workshop's own."""
    if name.startswith(place.names.run_prefix):
        why = {"why": f"has the name but the tag of workshop {tag!r}"} if tag else {}
        yield Lookalike(kind.title, name, place.region, **why)
