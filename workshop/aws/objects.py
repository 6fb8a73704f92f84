"""Objects in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def list_objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All under a prefix, with ``Key``, ``Size``, ``ETag`` and ``LastModified``."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])
