"""Hashes of assets, which change with every byte of what is staged and hide what a change means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# A digest that somebody pinned (sha256:...) is a change to be seen; a bare one was computed.
_COMPUTED = re.compile(r"(?<!sha256:)\b[0-9a-f]{64}\b")


def asset_names(manifest: dict[str, Any]) -> dict[str, str]:
    """What each hash in an asset manifest is the hash of."""
    listed = [*manifest.get("files", {}).items(), *manifest.get("dockerImages", {}).items()]
    return {key: asset.get("displayName", "asset") for key, asset in listed}


def without_hashes(value: Any, assets: Mapping[str, str]) -> Any:
    """The same with names in place of hashes: an asset's own name, so that two exchanged assets still differ."""
    match value:
        case dict():
            return {key: without_hashes(each, assets) for key, each in value.items()}
        case list():
            return [without_hashes(each, assets) for each in value]
        case str():
            return _COMPUTED.sub(lambda found: f"<hash of {assets.get(found[0], 'something')}>", value)
    return value


def count_noise(before: Any, after: Any, assets: Mapping[str, str]) -> int:
    """In how many places two values differ by hashes alone. ``assets`` are those of both sides."""
    match before, after:
        case dict(), dict():
            return sum(count_noise(before[key], after[key], assets) for key in before.keys() & after.keys())
        case list(), list():
            return sum(count_noise(*pair, assets) for pair in zip(before, after, strict=False))
    return int(before != after and without_hashes(before, assets) == without_hashes(after, assets))
