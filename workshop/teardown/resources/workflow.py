"""Executions of the workflow, and the schedules that end endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from workshop.aws.waiting import delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.kinds import ENDPOINT, why_others
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource
from workshop.teardown.resources.stacks import is_own


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
    """By name, since schedules take no tags; one that ends an endpoint of others stays with it."""
    scheduler = place.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate(NamePrefix=place.names.run_prefix):
        for schedule in page["Schedules"]:
            name, group = schedule["Name"], schedule.get("GroupName", "default")
            if why := why_others(place, ENDPOINT, name):
                yield Lookalike("schedule", name, place.region, why)
                continue
            remove = delete_call(scheduler.delete_schedule, Name=name, GroupName=group)
            yield Resource(Topic.EXPIRY, "schedule", name, place.region, remove)
