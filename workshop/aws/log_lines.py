"""Lines of a log stream in CloudWatch Logs, a look at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

from workshop.aws.waiting import none_if_missing


def new_lines(logs: Any, group: str, stream: str, token: str) -> tuple[list[str], str]:
    """What was written since the look that returned ``token`` (empty before the first), and the next look's token.

    Pages may be empty with more behind them; the end is a token that repeats (GetLogEvents). A stream that is not there
    yet has no lines.
    """
    lines: list[str] = []
    while True:
        since = {"nextToken": token} if token else {}
        ask = partial(logs.get_log_events, logGroupName=group, logStreamName=stream, startFromHead=True, **since)
        page = none_if_missing(ask)
        if page is None:
            return lines, token
        lines += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            return lines, token
        token = page["nextForwardToken"]
