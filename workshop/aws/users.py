"""Users of the workshop, and their keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from workshop.aws.waiting import none_if_missing


def access_keys(iam: Any, user: str) -> list[dict[str, Any]]:
    """All keys of a user, as ListAccessKeys describes them."""
    pages = iam.get_paginator("list_access_keys").paginate(UserName=user)
    return [key for page in pages for key in page["AccessKeyMetadata"]]


def revoke_keys(iam: Any, user: str) -> int:
    """Delete every access key of a user; returns how many there were."""
    keys = access_keys(iam, user)
    for key in keys:
        none_if_missing(partial(iam.delete_access_key, UserName=user, AccessKeyId=key["AccessKeyId"]))
    return len(keys)
