"""What opens the account to participants: access keys and console passwords. Both keep a user from being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from workshop.belongings.belonging import GLOBAL, Belonging, Finding, Place, Topic
from workshop.belongings.stacks import resources
from workshop.belongings.waiting import found, once


def list_access(place: Place) -> Iterator[Finding]:
    """Of the users that the participants' stack made."""
    iam = place.account.client("iam")
    for user in _users(place):
        keys = found(partial(iam.list_access_keys, UserName=user))
        if keys and keys["AccessKeyMetadata"]:
            count = len(keys["AccessKeyMetadata"])
            remove = once(revoke_keys, iam=iam, user=user)
            yield Belonging(Topic.ACCESS, "access keys of", user, GLOBAL, remove, f"{count} of them")
        if found(partial(iam.get_login_profile, UserName=user)):
            remove = once(iam.delete_login_profile, UserName=user)
            yield Belonging(Topic.ACCESS, "console password of", user, GLOBAL, remove)


def _users(place: Place) -> list[str]:
    held = resources(place.client("cloudformation"), place.names.workshop, place.names.participants_stack)
    return [entry["PhysicalResourceId"] for entry in held if entry["ResourceType"] == "AWS::IAM::User"]


def revoke_keys(iam: Any, user: str) -> int:
    """Delete every access key of a user; returns how many there were."""
    keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    for key in keys:
        found(partial(iam.delete_access_key, UserName=user, AccessKeyId=key["AccessKeyId"]))
    return len(keys)
