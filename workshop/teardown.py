"""Removes what belongs to the workshop, then lists again from scratch."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import Settings
from workshop.belongings import Belonging, is_gone, list_belongings

ROUNDS = 6
ROUND_PAUSE_SECONDS = 2.0


def teardown(
    session: boto3.Session,
    settings: Settings,
    *,
    assembly: Path | None = None,
    on_removed: Callable[[Belonging, str], None] = lambda belonging, problem: None,
) -> list[Belonging]:
    """Remove everything and return what is left, which is empty when all went well.

    What cannot be removed now (a job that is still stopping, a log written late) is tried again in further rounds;
    one failure never keeps the rest from being removed. ``on_removed`` is told of each attempt, with the problem
    or an empty text.
    """
    remaining: list[Belonging] = []
    for number in range(ROUNDS):
        remaining = list_belongings(session, settings, assembly)
        if not remaining:
            break
        if number:
            time.sleep(ROUND_PAUSE_SECONDS)
        for belonging in remaining:
            on_removed(belonging, _remove(belonging))
    else:
        remaining = list_belongings(session, settings, assembly)
    return remaining


def _remove(belonging: Belonging) -> str:
    try:
        belonging.remove()
    except ClientError as error:
        return "" if is_gone(error) else f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    except BotoCoreError as error:
        return str(error)
    return ""
