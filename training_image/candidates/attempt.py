"""What is beside the trained model may fail: it was paid for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chitra.errors import in_one_line

T = TypeVar("T")


def attempt(what: str, make: Callable[[], T]) -> T | None:
    """What ``make`` returns; when it fails, None and a warning in the log."""
    try:
        return make()
    except Exception as error:
        reason = in_one_line(error)
        print(f"warning: {what} failed ({type(error).__name__}: {reason})", flush=True)
        return None
