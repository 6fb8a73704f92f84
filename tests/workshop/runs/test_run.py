"""Whoever follows a run sees every line of its logs, also those that come late."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chitra.errors import WorkshopError
from infra.names import Names
from workshop.aws.deployment import Deployment
from workshop.runs.follow import LogLine, OutOfSight, RunFailedError, StageStarted, Waiting, follow_run
from workshop.runs.history import in_line
from workshop.runs.run import Run, find_run, start_execution, start_run, stop_run


class Service:
    """Step Functions and CloudWatch Logs of one execution; ``pages`` are what each GetLogEvents finds, by token."""

    class exceptions:  # noqa: N801  (as boto3 calls it)
        class ResourceNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, pages: dict[str, tuple[list[str], str]], statuses: list[str]) -> None:
        self.pages, self.statuses, self.looks = pages, statuses, 0
        self.cause, self.stages, self.started = "", ["Train"], dict[str, Any]()
        self.failures, self.later, self.stopped = list[Exception](), list[dict[str, Any]](), dict[str, Any]()
        self.caller = {"Arn": "arn:aws:iam::1:user/u"}
        self.runs = list[str]()

    def client(self, service: str) -> Service:
        return self

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        return {"status": self.statuses[min(self.looks, len(self.statuses)) - 1], "cause": self.cause}

    def list_executions(self, **given: Any) -> dict[str, Any]:
        return {"executions": [{"name": name} for name in self.runs]}

    def get_paginator(self, operation: str) -> Service:
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        entered = [{"stateEnteredEventDetails": {"name": name}} for name in self.stages]
        return [{"events": [{"type": "ExecutionStarted"}]}, {"events": [*entered, *self.later]}]

    def stop_execution(self, **given: Any) -> None:
        self.stopped = given

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
    service, deployment = (
        Service({}, []),
        Deployment(Names("chitra"), "bucket", "role", "workflow", "image", "image", "image"),
    )
    given: dict[str, Any] = {"hyperparameters": {"epochs": "1"}, "endpoint": True}
    assert start_run(service, deployment, name="mine", **given) == Run("arn", "chitra--mine")  # type: ignore[arg-type]
    assert service.started["name"] == "mine"
    first = json.loads(service.started["input"])
    assert first == {**given, "corpus": "corpus/", "id": first["id"]}
    assert start_run(service, deployment, name="chitra--mine", **given) == Run("arn", "chitra--mine")  # type: ignore[arg-type]
    assert service.started["name"] == "mine"
    assert json.loads(service.started["input"])["id"] != first["id"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), ConnectTimeoutError(endpoint_url="x")])
def test_should_say_that_a_run_may_have_started_behind_a_gate(interruption: BaseException) -> None:
    def interrupted(**given: Any) -> Any:
        raise interruption

    states = SimpleNamespace(start_execution=lambda **given: {"executionArn": "gate"}, describe_execution=interrupted)
    account: Any = SimpleNamespace(client=lambda *given: states)
    deployment = Deployment(
        Names("chitra"), "bucket", "role", "workflow", "image", "image", "image", gate="gate", own_runs="chitra--sato-"
    )
    with pytest.raises(WorkshopError, match=r"run chitra--sato-1: may have started, and costs money then\."):
        start_execution(account, deployment, "chitra--sato-1", {})


def refusal(error: str, second: int) -> dict[str, Any]:
    cause = "The account-level service limit 'ml.g4dn.xlarge for training job usage' is 4 Instances, with ..."
    details = {"error": error, "cause": cause}
    return {"type": "TaskFailed", "timestamp": NOW + timedelta(seconds=second), "taskFailedEventDetails": details}


NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
QUOTA = "SageMaker.ResourceLimitExceededException"
ENTERED = {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Train"}}


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ([], None),
        ([ENTERED], None),
        ([ENTERED, refusal(QUOTA, 1)], 1),
        ([ENTERED, refusal(QUOTA, 1), {"type": "TaskScheduled"}, refusal(QUOTA, 61)], 1),
        ([ENTERED, refusal(QUOTA, 1), {"type": "TaskScheduled"}, {"type": "TaskSubmitted"}], None),
        ([ENTERED, refusal(QUOTA, 1), ENTERED, refusal(QUOTA, 90)], 90),
        ([ENTERED, refusal("SageMaker.AmazonSageMakerException", 1)], None),
    ],
)
def test_should_tell_since_when_a_run_waits_at_a_quota(events: list[dict[str, Any]], since: int | None) -> None:
    waiting = in_line(events)
    assert (waiting.since if waiting else None) == (NOW + timedelta(seconds=since) if since else None)
    if waiting:
        assert waiting.what == "ml.g4dn.xlarge for training job usage"


def test_should_say_once_that_a_run_waits() -> None:
    service = Service({}, ["RUNNING", "RUNNING", "SUCCEEDED"])
    service.later = [refusal(QUOTA, 1)]
    events = list(follow_run(service, Run("arn", "run"), poll_seconds=0.0))  # type: ignore[arg-type]
    assert [event for event in events if isinstance(event, Waiting)] == [Waiting("Train", in_line(service.later))]  # type: ignore[arg-type]


def throttled(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeExecution")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://states"),
        ReadTimeoutError(endpoint_url="https://states"),
        throttled("ThrottlingException"),
        throttled("Whatever", 503),
    ],
)
def test_should_go_on_when_aws_does_not_answer_for_a_while(failure: Exception) -> None:
    service = Service({"": (["one"], "a")}, ["RUNNING"] * 4 + ["SUCCEEDED"])
    service.failures = [failure, failure]
    events = list(follow_run(service, Run("arn", "run"), poll_seconds=0.0))  # type: ignore[arg-type]
    assert len([event for event in events if isinstance(event, OutOfSight)]) == 1
    assert LogLine("Train", "one") in events


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredToken"])
def test_should_end_where_patience_does_not_help(code: str) -> None:
    service = Service({}, ["RUNNING"])
    service.failures = [throttled(code)]
    with pytest.raises(ClientError):
        list(follow_run(service, Run("arn", "run"), poll_seconds=0.0))  # type: ignore[arg-type]


def test_should_show_late_lines_of_a_stage_as_its_own() -> None:
    service = Service({"": (["one"], "a")}, ["RUNNING", "RUNNING", "SUCCEEDED"])
    service.stages = ["Preprocess"]
    events = follow_run(service, Run("arn", "run"), poll_seconds=0.0)  # type: ignore[arg-type]
    assert [next(events), next(events)] == [StageStarted("Preprocess"), LogLine("Preprocess", "one")]
    service.stages, service.pages["a"] = ["Preprocess", "Done"], (["late"], "b")
    assert next(events) == LogLine("Preprocess", "late")
    assert next(events) == StageStarted("Done")
    service.pages["b"] = (["latest"], "c")
    assert list(events) == [LogLine("Preprocess", "latest")]


def test_should_stop_what_runs_and_nothing_else() -> None:
    service = Service({}, ["RUNNING", "SUCCEEDED"])
    assert stop_run(service, Run("arn", "run")) == "RUNNING"  # type: ignore[arg-type]
    assert service.stopped["executionArn"] == "arn"
    service.stopped = {}
    assert stop_run(service, Run("arn", "run")) == "SUCCEEDED"  # type: ignore[arg-type]
    assert service.stopped == {}


def test_should_say_that_there_is_no_such_run() -> None:
    service, workflow = Service({}, ["RUNNING"]), "arn:aws:states:r:1:stateMachine:chitra-workflow"
    deployment = Deployment(Names("chitra"), "bucket", "role", workflow, "image", "image", "image")
    found = find_run(service, deployment, "chitra--mine")  # type: ignore[arg-type]
    assert found == Run("arn:aws:states:r:1:execution:chitra-workflow:mine", "chitra--mine")
    service.failures = [throttled("ExecutionDoesNotExist")]
    with pytest.raises(WorkshopError, match=r"run chitra--mine: there is none\. `\.venv/bin/workshop status` lists"):
        find_run(service, deployment, "chitra--mine")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("there", "ending"), [(["mine-1", "other"], " Did you mean chitra--mine-1?"), ([], " 90 days.")]
)
def test_should_name_the_run_that_was_meant(there: list[str], ending: str) -> None:
    service, workflow = Service({}, []), "arn:aws:states:r:1:stateMachine:chitra-workflow"
    service.failures, service.runs = [throttled("ExecutionDoesNotExist")], there
    deployment = Deployment(Names("chitra"), "bucket", "role", workflow, "image", "image", "image")
    with pytest.raises(WorkshopError) as caught:
        find_run(service, deployment, "chitra--mime-1")  # type: ignore[arg-type]
    assert str(caught.value).endswith(ending)
