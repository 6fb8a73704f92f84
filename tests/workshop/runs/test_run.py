"""Whoever follows a run sees every line of its logs, also those that come late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.names import Names
from workshop.aws.deployment import Deployment
from workshop.runs.run import LogLine, Run, RunFailedError, StageStarted, follow_run, start_run


class Service:
    """Step Functions and CloudWatch Logs of one execution; ``pages`` are what each GetLogEvents finds, by token."""

    class exceptions:  # noqa: N801  (as boto3 calls it)
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, pages: dict[str, tuple[list[str], str]], statuses: list[str]) -> None:
        self.pages, self.statuses, self.looks = pages, statuses, 0
        self.cause, self.stages, self.started = "", ["Train"], dict[str, Any]()

    def client(self, service: str) -> Service:
        return self

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        self.looks += 1
        return {"status": self.statuses[min(self.looks, len(self.statuses)) - 1], "cause": self.cause}

    def get_paginator(self, operation: str) -> Service:
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        entered = [{"stateEnteredEventDetails": {"name": name}} for name in self.stages]
        return [{"events": [{"type": "ExecutionStarted"}]}, {"events": entered}]

    def start_execution(self, **given: Any) -> dict[str, str]:
        self.started = given
        return {"executionArn": "arn"}

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


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("", "the execution ended as FAILED"),
        ("no JSON", "no JSON"),
        ("[1]", "[1]"),
        ('{"ExitMessage": "bad epochs", "FailureReason": "AlgorithmError"}', "bad epochs; AlgorithmError"),
        ('{"FailureReason": "AlgorithmError"}', "AlgorithmError"),
        ('{"Status": "Failed"}', '{"Status": "Failed"}'),
    ],
)
def test_should_name_the_stage_that_failed_its_reason_and_the_end_of_its_log(cause: str, reason: str) -> None:
    service = Service({"": (["one", "two"], "a")}, ["RUNNING", "FAILED"])
    service.cause, service.stages = cause, ["Preprocess", "Model given?", "Train"]
    events = list[object]()
    with pytest.raises(RunFailedError) as caught:
        events.extend(follow_run(service, Run("arn", "run"), poll_seconds=0.0))  # type: ignore[arg-type]
    assert str(caught.value) == f"Train: {reason}"
    assert caught.value.tail[-2:] == ["one", "two"]


def test_should_call_a_run_as_it_was_asked_to() -> None:
    service, deployment = Service({}, []), Deployment(Names("chitra"), "bucket", "role", "workflow", "image")
    given: dict[str, Any] = {"hyperparameters": {"epochs": "1"}, "endpoint": True}
    assert start_run(service, deployment, name="mine", **given) == Run("arn", "chitra--mine")  # type: ignore[arg-type]
    assert service.started["name"] == "mine"
    first = json.loads(service.started["input"])
    assert first == {**given, "corpus": "corpus/", "id": first["id"]}
    assert start_run(service, deployment, name="chitra--mine", **given) == Run("arn", "chitra--mine")  # type: ignore[arg-type]
    assert service.started["name"] == "mine"
    assert json.loads(service.started["input"])["id"] != first["id"]
