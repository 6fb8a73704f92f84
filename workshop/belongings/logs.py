"""Logs: streams of the workshop's jobs in groups that the account shares, and groups of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from workshop.belongings.belonging import Belonging, Finding, Lookalike, Pace, Place, Topic
from workshop.belongings.tags import owner
from workshop.belongings.waiting import found, once

JOB_LOG_GROUPS = {
    "/aws/sagemaker/ProcessingJobs": "processing-job",
    "/aws/sagemaker/TrainingJobs": "training-job",
    "/aws/sagemaker/TransformJobs": "transform-job",
}
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"


def list_logs(place: Place) -> Iterator[Finding]:
    """Log streams take no tags and belong by the job's name; so does a group that AWS made for an endpoint."""
    logs = place.client("logs")
    for group, kind in JOB_LOG_GROUPS.items():
        prefixes = [place.names.run_prefix, *(f"{name}/" for name in _under_other_names(place, kind))]
        streams = [name for prefix in prefixes for name in _streams(logs, group, prefix)]
        if streams:
            remove = partial(_delete_streams, logs, group, streams)
            yield Belonging(Topic.LOGS, "log streams in", group, place.region, remove, f"{len(streams)} of them")
    exact = [place.names.workflow_log_group, place.names.build_log_group]
    exact += [ENDPOINT_LOGS + name for name in _under_other_names(place, "endpoint")]
    for prefix in (ENDPOINT_LOGS + place.names.run_prefix, *exact):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for entry in page["logGroups"]:
                name = entry["logGroupName"]
                if prefix not in exact or name == prefix:
                    yield from _group(place, logs, name)


def _under_other_names(place: Place, kind: str) -> list[str]:
    return sorted(name for name in place.tagged.get(kind, frozenset()) if not name.startswith(place.names.run_prefix))


def _streams(logs: Any, group: str, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, logStreamNamePrefix=prefix)
    return found(lambda: [stream["logStreamName"] for page in pages for stream in page["logStreams"]]) or []


def _group(place: Place, logs: Any, name: str) -> Iterator[Finding]:
    """A group whose tag names another workshop is not ours; one that AWS made has none."""
    arn = place.arn("logs", f"log-group:{name}")
    answer = found(partial(logs.list_tags_for_resource, resourceArn=arn))
    if answer is None:
        return
    tag = owner({"Key": key, "Value": value} for key, value in answer["tags"].items())
    if tag not in (None, place.names.workshop):
        yield Lookalike("log group", name, place.region)
        return
    yield Belonging(Topic.LOGS, "log group", name, place.region, once(logs.delete_log_group, logGroupName=name))


def _delete_streams(logs: Any, group: str, streams: list[str], pace: Pace) -> None:
    """Delete the streams, and the group when that leaves it empty and as SageMaker made it.

    A group with a retention, a filter or tags was somebody's care and stays.
    """
    for stream in streams:
        found(partial(logs.delete_log_stream, logGroupName=group, logStreamName=stream))
    rest = found(partial(logs.describe_log_streams, logGroupName=group, limit=1))
    if rest is not None and not rest["logStreams"] and _is_as_made(logs, group):
        found(partial(logs.delete_log_group, logGroupName=group))


def _is_as_made(logs: Any, group: str) -> bool:
    entries = logs.describe_log_groups(logGroupNamePrefix=group, limit=1)["logGroups"]
    if not entries or entries[0]["logGroupName"] != group:
        return False
    changed = entries[0].get("retentionInDays") or entries[0].get("metricFilterCount")
    arn = entries[0]["arn"].removesuffix(":*")
    return not changed and not logs.list_tags_for_resource(resourceArn=arn)["tags"]
