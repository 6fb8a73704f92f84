"""What the workshop's tag says, and the index in which AWS keeps it for most of its services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.names import Names
from infra.settings import TAG_KEY
from workshop.aws.account import Account
from workshop.aws.waiting import none_if_missing

Tagged = Mapping[str, frozenset[str]]
# AWS's general reference, "Amazon Resource Names": the type of a resource ends at the first slash or colon.
RESOURCE = re.compile(r"([A-Za-z0-9-]+)[/:](.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Arn:
    """The parts of an ARN that tell what it names. ``kind`` is empty where the service has one kind only, as S3."""

    service: str
    kind: str
    name: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """A text that is no ARN has no service and is its own name."""
        parts = text.split(":", 5)
        if len(parts) < 6:
            return cls("", "", text, text)
        service, resource = parts[2], parts[5]
        match = RESOURCE.fullmatch(resource) if service != "s3" else None
        kind, name = match.groups() if match else ("", resource)
        return cls(service, kind, name, text)


def owner(tags: Iterable[Mapping[str, Any]]) -> str | None:
    """The workshop that tags name; None when they name none. AWS spells the keys of a tag in two ways."""
    for tag in tags:
        if tag.get("Key", tag.get("key")) == TAG_KEY:
            return str(tag.get("Value", tag.get("value")))
    return None


def owner_in_sagemaker(sagemaker: Any, arn: str) -> str | None:
    """The workshop that a resource of SageMaker says it belongs to; None without such a tag, or when it is gone."""
    answer = none_if_missing(partial(sagemaker.list_tags, ResourceArn=arn))
    return owner(answer["Tags"]) if answer else None


def tagged_arns(account: Account, names: Names, region: str) -> tuple[Arn, ...]:
    """Whatever carries the workshop's tag in a region, of any service that the Resource Groups Tagging API knows.

    Some of it may be gone: the index lags behind.
    """
    pages = (
        account.client("resourcegroupstaggingapi", region)
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": TAG_KEY, "Values": [names.workshop]}])
    )
    texts = {entry["ResourceARN"] for page in pages for entry in page["ResourceTagMappingList"]}
    return tuple(sorted(Arn.parse(text) for text in texts))


def names_in_sagemaker(arns: Iterable[Arn]) -> dict[str, frozenset[str]]:
    """Names by the ARN's word for their kind."""
    found: dict[str, set[str]] = {}
    for arn in arns:
        if arn.service == "sagemaker":
            found.setdefault(arn.kind, set()).add(arn.name)
    return {kind: frozenset(values) for kind, values in found.items()}
