"""One line of the doctor's table."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.Enum):
    """``FAILED`` breaks the deployment or the runs; the others do not."""

    OK = "ok"
    TO_DO = "to do"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table. ``fix`` is empty when nothing is to be done."""

    subject: str
    state: State
    finding: str
    fix: str = ""
