"""The stacks that `cdk deploy` made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from workshop.aws.stacks import describe_own_stack, describe_stack, stack_resources
from workshop.aws.tags import owner
from workshop.aws.waiting import Pace, StillThereError, wait
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Finding, Held, Lookalike, Place, Resource

TOPICS = (Topic.FOUNDATION_STACK, Topic.WORKFLOW_STACK, Topic.PARTICIPANTS_STACK)  # in the order of deployment
WAY_OUT = "CloudFormation is at work: run the command again when it has finished"


def list_stacks(place: Place) -> Iterator[Finding]:
    """Those with the workshop's names and tag, in whatever state."""
    cloudformation = place.client("cloudformation")
    for topic, name in zip(TOPICS, place.names.stacks, strict=True):
        stack = describe_stack(cloudformation, name)
        if stack is None:
            continue
        if owner(stack.get("Tags", [])) != place.names.workshop:
            yield Lookalike("stack", name, place.region)
            continue
        remove = partial(_delete, cloudformation, stack["StackId"])
        yield Resource(topic, "stack", name, place.region, remove, stack["StackStatus"])


def stack_exists(place: Place, name: str) -> bool:
    """Whether the workshop's stack is there, so that what it holds goes with it."""
    return describe_own_stack(place.client("cloudformation"), place.names.workshop, name) is not None


def held_by_stacks(place: Place) -> frozenset[Held]:
    """What all of the workshop's stacks in a region hold."""
    client = place.client("cloudformation")
    held = [entry for stack in place.names.stacks for entry in stack_resources(client, place.names.workshop, stack)]
    return frozenset((_service(entry["ResourceType"]), entry["PhysicalResourceId"]) for entry in held)


def _service(resource_type: str) -> str:
    """Of ``AWS::<service>::<kind>``, in the word that ARNs use for it."""
    service = resource_type.split("::")[1].lower()
    return {"stepfunctions": "states"}.get(service, service)


def is_own(place: Place, tags: Iterable[Mapping[str, Any]], stack: str, physical_id: str) -> bool:
    """Whether a resource is the workshop's: by its tag, or without one because the workshop's stack holds it."""
    tag = owner(tags)
    if tag is not None:
        return tag == place.names.workshop
    held = stack_resources(place.client("cloudformation"), place.names.workshop, stack)
    return any(entry["PhysicalResourceId"] == physical_id for entry in held)


def _delete(cloudformation: Any, stack_id: str, pace: Pace) -> None:
    """Wait for what is in progress, delete, and wait again. A deletion that failed before is tried anew, once."""
    asked = False

    def state() -> str:
        nonlocal asked
        stack = describe_stack(cloudformation, stack_id)
        if stack is None:
            return ""
        status = str(stack["StackStatus"])
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            return status
        if asked:
            reason = _why_deletion_failed(cloudformation, stack_id) or stack.get("StackStatusReason", "")
            raise StillThereError(f"{status}: {reason}; mend that, then run the command again")
        cloudformation.delete_stack(StackName=stack_id)
        asked = True
        return "DELETE_IN_PROGRESS"

    wait(state, pace, WAY_OUT)


def _why_deletion_failed(cloudformation: Any, stack_id: str) -> str:
    """The newest failure of a resource, in CloudFormation's words."""
    for event in cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]:
        if event.get("ResourceStatus") == "DELETE_FAILED" and event.get("PhysicalResourceId") != stack_id:
            return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
    return ""
