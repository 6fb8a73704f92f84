"""Whoever follows a run sees every line of its logs, also those that come late."""

from __future__ import annotations

from typing import Any

from workshop.runs.run import LogLine, Run, StageStarted, follow_run


class Service:
    """Step Functions and CloudWatch Logs of one execution; ``pages`` are what each GetLogEvents finds, by token."""

    class exceptions:  # noqa: N801  (as boto3 calls it)
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, pages: dict[str, tuple[list[str], str]], statuses: list[str]) -> None:
        self.pages, self.statuses, self.looks = pages, statuses, 0

    def client(self, service: str) -> Service:
        return self

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        self.looks += 1
        return {"status": self.statuses[min(self.looks, len(self.statuses)) - 1]}

    def get_paginator(self, operation: str) -> Service:
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        return [{"events": [{"stateEnteredEventDetails": {"name": "Train"}}]}]

    def describe_log_streams(self, **given: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": "run/algo-1"}]}

    def get_log_events(self, nextToken: str = "", **given: Any) -> dict[str, Any]:  # noqa: N803
        lines, token = self.pages.get(nextToken, ([], nextToken))
        return {"events": [{"message": line} for line in lines], "nextForwardToken": token}


def lines_of(service: Service) -> list[str]:
    events = list(follow_run(service, Run("arn", "run"), poll_seconds=0.0))  # type: ignore[arg-type]
    assert StageStarted("Train") in events
    return [event.text for event in events if isinstance(event, LogLine)]


def test_should_read_on_behind_an_empty_page() -> None:
    pages: dict[str, tuple[list[str], str]] = {"": (["one"], "a"), "a": ([], "b"), "b": (["two"], "c")}
    assert lines_of(Service(pages, ["SUCCEEDED"])) == ["one", "two"]


def test_should_show_lines_that_come_after_the_end() -> None:
    service = Service({"": (["one"], "a")}, ["SUCCEEDED"])
    events = follow_run(service, Run("arn", "run"), poll_seconds=0.0)  # type: ignore[arg-type]
    assert [next(events), next(events)] == [StageStarted("Train"), LogLine("Train", "one")]
    service.pages["a"] = (["late"], "b")
    assert list(events) == [LogLine("Train", "late")]
