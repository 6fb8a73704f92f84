"""The name that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question to put after an error, with a space before it; empty where nothing known comes near."""
    nearest = get_close_matches(given, list(known), n=1)
    return f" Did you mean {nearest[0]}?" if nearest else ""
