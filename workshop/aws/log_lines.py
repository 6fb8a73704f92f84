"""Lines of a log stream in CloudWatch Logs, a look at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from workshop.aws.waiting import none_if_missing


@dataclass(frozen=True, slots=True)
class Written:
    """A line and when it was written; ``at`` is None where the log does not say."""

    text: str
    at: datetime | None


def new_lines(logs: Any, group: str, stream: str, token: str) -> tuple[list[Written], str]:
    """What was written since the look that returned ``token`` (empty before the first), and the next look's token.

    Pages may be empty with more behind them; the end is a token that repeats (GetLogEvents). A stream that is not there
    yet has no lines.
    """
    lines: list[Written] = []
    while True:
        since = {"nextToken": token} if token else {}
        ask = partial(logs.get_log_events, logGroupName=group, logStreamName=stream, startFromHead=True, **since)
        page = none_if_missing(ask)
        if page is None:
            return lines, token
        lines += [Written(event["message"], _moment(event.get("timestamp"))) for event in page["events"]]
        if page["nextForwardToken"] == token:
            return lines, token
        token = page["nextForwardToken"]


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
