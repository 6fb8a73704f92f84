"""What the workshop's tag says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.names import Names
from infra.settings import TAG_KEY
from workshop.account import Account

Tagged = Mapping[str, frozenset[str]]


def owner(tags: Iterable[Mapping[str, Any]]) -> str | None:
    """The workshop that tags name; None when they name none. AWS spells the keys of a tag in two ways."""
    for tag in tags:
        if tag.get("Key", tag.get("key")) == TAG_KEY:
            return str(tag.get("Value", tag.get("value")))
    return None


def tagged_in_sagemaker(account: Account, names: Names, region: str) -> Tagged:
    """Names of everything in SageMaker that carries the workshop's tag, by the ARN's word for its kind.

    Some of it may be gone: the index of tags lags behind.
    """
    found: dict[str, set[str]] = {}
    pages = (
        account.client("resourcegroupstaggingapi", region)
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": TAG_KEY, "Values": [names.workshop]}], ResourceTypeFilters=["sagemaker"])
    )
    for page in pages:
        for entry in page["ResourceTagMappingList"]:
            kind, _, name = entry["ResourceARN"].split(":", 5)[5].partition("/")
            found.setdefault(kind, set()).add(name)
    return {kind: frozenset(values) for kind, values in found.items()}
