"""The workshop's stacks, and what they hold."""

from __future__ import annotations

from functools import partial
from typing import Any

from workshop.aws.tags import owner
from workshop.aws.waiting import none_if_missing


def describe_stack(cloudformation: Any, name: str) -> dict[str, Any] | None:
    """A stack that exists, by its name or id."""
    answer = none_if_missing(partial(cloudformation.describe_stacks, StackName=name))
    stack: dict[str, Any] | None = answer["Stacks"][0] if answer and answer["Stacks"] else None
    return None if stack is None or stack["StackStatus"] == "DELETE_COMPLETE" else stack


def describe_own_stack(cloudformation: Any, workshop: str, name: str) -> dict[str, Any] | None:
    """The same, unless its tag says that it is not the workshop's."""
    stack = describe_stack(cloudformation, name)
    return stack if stack and owner(stack.get("Tags", [])) == workshop else None


def stack_resources(cloudformation: Any, workshop: str, name: str) -> list[dict[str, Any]]:
    """What the workshop's stack holds; nothing when it is not there or not the workshop's."""
    if describe_own_stack(cloudformation, workshop, name) is None:
        return []
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    entries = none_if_missing(lambda: [entry for page in pages for entry in page["StackResourceSummaries"]]) or []
    return [
        entry for entry in entries if entry.get("PhysicalResourceId") and entry["ResourceStatus"] != "DELETE_COMPLETE"
    ]
