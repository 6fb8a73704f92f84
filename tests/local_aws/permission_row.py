"""One call, and whether IAM lets it through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """``call`` is service and operation of boto3. Allowed is what IAM lets through, even to a service's own error."""

    who: str
    call: str
    arguments: dict[str, Any]
    allowed: bool
    why: str

    def __str__(self) -> str:
        return f"{self.who}: {self.why}: {'allowed' if self.allowed else 'denied'}"


def yes(who: str, call: str, why: str, **arguments: Any) -> Row:
    return Row(who, call, arguments, True, why)


def no(who: str, call: str, why: str, **arguments: Any) -> Row:
    return Row(who, call, arguments, False, why)
