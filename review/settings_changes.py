"""Settings of cdk.json that differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def settings_between(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """``{"key", "old", "new"}`` of each; None where a side has no such key."""
    old, new = dict(_flat("", before)), dict(_flat("", after))
    return [
        {"key": key, "old": old.get(key), "new": new.get(key)}
        for key in sorted(old.keys() | new.keys())
        if (key in old, old.get(key)) != (key in new, new.get(key))
    ]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, each)
    else:
        yield prefix, value
