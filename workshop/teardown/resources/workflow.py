"""Executions of the workflow, and the schedules that end endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import itemgetter
from typing import Any

from workshop.aws.endpoints import endpoint_ended_by
from workshop.aws.kinds import ENDPOINT
from workshop.aws.tags import owner
from workshop.aws.waiting import delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import is_named_as_ours, whose, why_others
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource, guarded_each
from workshop.teardown.resources.stacks import is_own

DEFAULT_GROUP = "default"


def list_executions(place: Place) -> Iterator[Finding]:
    """Those that run."""
    states = place.client("stepfunctions")
    machine = place.arn("states", f"stateMachine:{place.names.state_machine}")
    if none_if_missing(partial(states.describe_state_machine, stateMachineArn=machine)) is None:
        return
    tags = states.list_tags_for_resource(resourceArn=machine)
    if not is_own(place, tags["tags"], place.names.workflow_stack, machine):
        yield Lookalike("state machine", place.names.state_machine, place.region)
        return
    running = none_if_missing(partial(_running, states, machine)) or []
    for execution in running:
        arn = execution["executionArn"]
        remove = delete_call(states.stop_execution, executionArn=arn, error="Teardown", cause="workshop teardown")
        yield Resource(Topic.EXECUTIONS, "execution", execution["name"], place.region, remove, "RUNNING")


def _running(states: Any, machine: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    return [execution for page in pages for execution in page["executions"]]


def list_schedules(place: Place) -> Iterator[Finding]:
    """Those named as the workshop names them. They take no tags: what they do tells whose they are."""
    pages = place.client("scheduler").get_paginator("list_schedules").paginate(NamePrefix=place.names.run_prefix)
    schedules = (schedule for page in pages for schedule in page["Schedules"])
    return guarded_each(Topic.EXPIRY, place.region, schedules, partial(_schedule, place), itemgetter("Name"))


def _schedule(place: Place, entry: dict[str, Any]) -> Iterator[Finding]:
    """One that ends an endpoint of others stays with it, and so does whatever stands in a group of others."""
    scheduler = place.client("scheduler")
    name, group = entry["Name"], entry.get("GroupName", DEFAULT_GROUP)
    schedule = none_if_missing(partial(scheduler.get_schedule, Name=name, GroupName=group))
    if schedule is None:
        return
    if why := _why_not_ours(place, schedule, group):
        yield Lookalike("schedule", name, place.region, why)
        return
    remove = delete_call(scheduler.delete_schedule, Name=name, GroupName=group)
    yield Resource(Topic.EXPIRY, "schedule", name, place.region, remove)


def _why_not_ours(place: Place, schedule: dict[str, Any], group: str) -> str:
    if group != DEFAULT_GROUP:
        arn = place.arn("scheduler", f"schedule-group/{group}")
        answer = none_if_missing(partial(place.client("scheduler").list_tags_for_resource, ResourceArn=arn))
        tag = owner(answer["Tags"]) if answer else None
        if tag != place.names.workshop:
            return f"is in schedule group {group}, which {whose(tag)}"
    endpoint = endpoint_ended_by(schedule)
    if endpoint is None or not is_named_as_ours(place, ENDPOINT, endpoint):
        return f"ends endpoint {endpoint}, which is not the workshop's" if endpoint else "does not end an endpoint"
    return why_others(place, ENDPOINT, endpoint)
