"""Waits for AWS to finish what it was asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from workshop.aws.advice import is_denied

GONE = frozenset(
    {
        "404",
        "ExecutionDoesNotExist",
        "ImageNotFoundException",
        "NoSuchBucket",
        "NoSuchEntity",
        "NoSuchKey",
        "NoSuchTagSet",
        "NoSuchUpload",
        "ObjectNotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    }
)
NOT_OFFERED = frozenset({"UnknownOperationException", "UnknownOperation"})
GONE_TEXTS = ("does not exist", "could not find", "not found", "recordnotfound")

SETTLE_SECONDS = 30.0

T = TypeVar("T")


class StillThereError(Exception):
    """Removal was asked for, but the thing does not go away yet; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``pause``: poll interval; ``patience``: timeout of one removal; ``settle``: quiet period; all in seconds.

    Setting ``interrupted`` ends every wait.
    """

    pause: float = 5.0
    patience: float = 1200.0
    settle: float = SETTLE_SECONDS
    interrupted: threading.Event = field(default_factory=threading.Event, compare=False)


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that the thing does not exist (any more)."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "").lower()
    return code in GONE or (code.startswith("Validation") and any(text in message for text in GONE_TEXTS))


def none_if_missing(call: Callable[[], T]) -> T | None:
    """What ``call`` returns, or None when AWS says that its subject does not exist."""
    try:
        return call()
    except ClientError as error:
        if is_gone(error):
            return None
        raise


def none_if_hidden(call: Callable[[], T]) -> T | None:
    """The same for a subject that the caller may not see: AWS does not say then whether it exists."""
    try:
        return none_if_missing(call)
    except ClientError as error:
        if is_denied(error):
            return None
        raise


def pages_where_offered(client: Any, operation: str, **arguments: Any) -> Iterator[Any]:
    """Pages of a list; none where the region's service does not know the operation, and so has nothing to list."""
    try:
        yield from client.get_paginator(operation).paginate(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in NOT_OFFERED:
            raise


def delete_call(call: Callable[..., object], **arguments: Any) -> Callable[[Pace], object]:
    """A removal that is one call; it makes no difference whether the thing is still there."""
    return lambda pace: none_if_missing(partial(call, **arguments))


def wait(state: Callable[[], str], pace: Pace, way_out: str) -> None:
    """Look until ``state`` is empty, often at first and then at the pace's pauses.

    Raises:
        StillThereError: it is not, after the pace's patience; the message ends with the way out.
    """
    deadline = time.monotonic() + pace.patience
    pause = pace.pause / 16
    while current := state():
        if time.monotonic() >= deadline:
            raise StillThereError(f"still {current}; {way_out}")
        if pace.interrupted.wait(pause):
            raise StillThereError(f"still {current} when the command was interrupted; run it again")
        pause = min(2 * pause, pace.pause)
