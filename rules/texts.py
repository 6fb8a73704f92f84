"""Texts that CloudFormation puts together: each reference is kept as a mark within the text."""

from __future__ import annotations

import json
import re
from typing import Any

# A private-use character on either side: no text that people write holds one.
OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


def text_of(value: Any) -> str | None:
    """A literal, ``Fn::Join``, ``Fn::Sub`` or reference as one text; None for what is no text."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(text_of(part) or "" for part in parts)
        case {"Fn::Sub": str(pattern)}:
            return VARIABLE.sub(lambda found: mark({"Ref": found[1]}), pattern)
        case {"Fn::Sub": [str(pattern), _]}:
            return VARIABLE.sub(lambda found: mark({"Ref": found[1]}), pattern)
        case dict() if len(value) == 1 and str(next(iter(value))).startswith(("Fn::", "Ref")):
            return mark(value)
    return None


def mark(reference: dict[str, Any]) -> str:
    """A reference as text that may stand within JSON."""
    return OPEN + json.dumps(reference, sort_keys=True).replace("\\", "\\\\").replace('"', "'") + CLOSE


def references(text: str) -> list[str]:
    """What the marks in a text stand for."""
    return MARK.findall(text)


def shown(text: str) -> str:
    """For people: references in short."""
    return MARK.sub("<...>", text)
