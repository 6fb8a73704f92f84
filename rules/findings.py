"""What a rule takes and what it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]
Templates = dict[str, Template]  # by the stack's name


@dataclass(frozen=True, slots=True)
class Finding:
    """``place`` is within the resource, as in ``Properties.RoleName``; ``stack`` and ``logical_id`` say which one."""

    rule: str
    stack: str
    logical_id: str
    place: str
    problem: str
    way_out: str
