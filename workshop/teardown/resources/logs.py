"""Logs: streams of the workshop's jobs in groups that the account shares, and groups of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from workshop.aws.kinds import ENDPOINT, PROCESSING, TRAINING, TRANSFORM, Kind
from workshop.aws.log_groups import (
    ENDPOINT_LOGS,
    NOTEBOOK_LOGS,
    PROCESSING_LOGS,
    STUDIO_LOGS,
    TRAINING_LOGS,
    TRANSFORM_LOGS,
)
from workshop.aws.tags import owner
from workshop.aws.waiting import Pace, StillThereError, delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import why_others
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Problem, Resource, guarded, guarded_each

# Groups in which each stream is called <resource>/...: the kind of the resource, by its word in ARNs.
SHARED_LOG_GROUPS = {
    PROCESSING_LOGS: "processing-job",
    TRAINING_LOGS: "training-job",
    TRANSFORM_LOGS: "transform-job",
    NOTEBOOK_LOGS: "notebook-instance",
    STUDIO_LOGS: "domain",
}
JOB_KINDS = {kind.resource: kind for kind in (PROCESSING, TRAINING, TRANSFORM)}
STREAMS = "log streams in"
# What DescribeLogGroups says of a group that nobody set up: these values, or nothing.
UNTOUCHED = {
    "retentionInDays": None,
    "metricFilterCount": 0,
    "kmsKeyId": None,
    "dataProtectionStatus": None,
    "logGroupClass": "STANDARD",
    "deletionProtectionEnabled": False,
    "bearerTokenAuthenticationEnabled": False,
}


def list_logs(place: Place) -> Iterator[Finding]:
    """Log streams take no tags and belong by the job's name; so does a group that AWS made for an endpoint."""
    logs = place.client("logs")
    shared = partial(_shared, place, logs)
    yield from guarded_each(Topic.LOGS, place.region, SHARED_LOG_GROUPS.items(), shared, itemgetter(0))
    exact = [place.names.workflow_log_group, place.names.build_log_group]
    exact += [ENDPOINT_LOGS + name for name in _under_other_names(place, ENDPOINT.resource)]
    for prefix in (ENDPOINT_LOGS + place.names.run_prefix, *exact):
        pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        names = (entry["logGroupName"] for page in pages for entry in page["logGroups"])
        own = (name for name in names if prefix not in exact or name == prefix)
        yield from guarded_each(Topic.LOGS, place.region, own, partial(_group, place, logs), str)


def _under_other_names(place: Place, kind: str) -> list[str]:
    return sorted(name for name in place.tagged.get(kind, frozenset()) if not name.startswith(place.names.run_prefix))


def _shared(place: Place, logs: Any, group_and_kind: tuple[str, str]) -> Iterator[Finding]:
    """The workshop's streams in a group of the account; also a group that an interrupted removal left empty."""
    group, kind = group_and_kind
    prefixes = [place.names.run_prefix, *(f"{name}/" for name in _under_other_names(place, kind))]
    own: list[str] = []
    names = sorted({name for prefix in prefixes for name in _streams(logs, group, prefix)})
    for job, streams in groupby(names, _job_of):
        why = guarded(partial(_why_others, place, JOB_KINDS.get(kind), job), Topic.LOGS, place.region, f"{job}: ")
        if isinstance(why, Problem):
            yield why
        elif why:
            yield Lookalike(STREAMS, f"{group}/{job}", place.region, why)
        else:
            own += streams
    begun = group in place.memory.begun_in(place.region, STREAMS) and _is_ours_to_delete(logs, group)
    if own or begun:
        remove = partial(_delete_streams, logs, group, own)
        yield Resource(Topic.LOGS, STREAMS, group, place.region, remove, f"{len(own)} of them")


def _job_of(stream: str) -> str:
    return stream.partition("/")[0]


def _why_others(place: Place, kind: Kind | None, job: str) -> str:
    """Only who has the workshop's name for runs needs a look: other names were known by their tag."""
    return why_others(place, kind, job) if kind and job.startswith(place.names.run_prefix) else ""


def _streams(logs: Any, group: str, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix)
    return none_if_missing(lambda: [stream["logStreamName"] for page in pages for stream in page["logStreams"]]) or []


def _group(place: Place, logs: Any, name: str) -> Iterator[Finding]:
    """A group whose tag names another workshop is not ours, nor one of somebody else's endpoint."""
    arn = place.arn("logs", f"log-group:{name}")
    answer = none_if_missing(partial(logs.list_tags_for_resource, resourceArn=arn))
    if answer is None:
        return
    tag = owner({"Key": key, "Value": value} for key, value in answer["tags"].items())
    why = f"has the name but the tag of workshop {tag!r}" if tag not in (None, place.names.workshop) else ""
    if name.startswith(ENDPOINT_LOGS):
        why = why or why_others(place, ENDPOINT, name.removeprefix(ENDPOINT_LOGS))
    if why:
        yield Lookalike("log group", name, place.region, why)
        return
    remove = delete_call(logs.delete_log_group, logGroupName=name)
    yield Resource(Topic.LOGS, "log group", name, place.region, remove, arn=arn)


def _delete_streams(logs: Any, group: str, streams: list[str], pace: Pace) -> None:
    """Delete the streams, and the group when that leaves it empty and as SageMaker made it."""
    for stream in streams:
        if pace.interrupted.is_set():
            raise StillThereError("was interrupted; run the command again")
        none_if_missing(partial(logs.delete_log_stream, logGroupName=group, logStreamName=stream))
    if _is_ours_to_delete(logs, group):
        none_if_missing(partial(logs.delete_log_group, logGroupName=group))


def _is_ours_to_delete(logs: Any, group: str) -> bool:
    """Whether the group is empty and nobody ever set it up.

    A retention, a filter, a subscription, a key or a tag was somebody's care, and others' logs may come again.
    """
    rest = none_if_missing(partial(logs.describe_log_streams, logGroupName=group, limit=1))
    if rest is None or rest["logStreams"]:
        return False
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
    entry = next((each for page in pages for each in page["logGroups"] if each["logGroupName"] == group), None)
    if entry is None or any(entry.get(key, default) != default for key, default in UNTOUCHED.items()):
        return False
    if logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
        return False
    arn = entry["arn"].removesuffix(":*")
    return not logs.list_tags_for_resource(resourceArn=arn)["tags"]
