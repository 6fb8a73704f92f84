"""What opens the account to participants: access keys and console passwords. Both keep a user from being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from workshop.aws.stacks import stack_resources
from workshop.aws.users import access_keys, revoke_keys
from workshop.aws.waiting import delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import GLOBAL, Finding, Place, Resource, guarded_each


def list_access(place: Place) -> Iterator[Finding]:
    """Of the users that the participants' stack made."""
    return guarded_each(Topic.ACCESS, GLOBAL, _users(place), partial(_of_user, place), lambda user: f"user {user}")


def _of_user(place: Place, user: str) -> Iterator[Finding]:
    iam = place.account.client("iam")
    if keys := none_if_missing(partial(access_keys, iam, user)):
        remove = delete_call(revoke_keys, iam=iam, user=user)
        yield Resource(Topic.ACCESS, "access keys of", user, GLOBAL, remove, f"{len(keys)} of them")
    if none_if_missing(partial(iam.get_login_profile, UserName=user)):
        remove = delete_call(iam.delete_login_profile, UserName=user)
        yield Resource(Topic.ACCESS, "console password of", user, GLOBAL, remove)


def _users(place: Place) -> list[str]:
    held = stack_resources(place.client("cloudformation"), place.names.workshop, place.names.participants_stack)
    return [entry["PhysicalResourceId"] for entry in held if entry["ResourceType"] == "AWS::IAM::User"]
