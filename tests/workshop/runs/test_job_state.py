"""What is told of the job at work, and how a missing permission stays out of the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.workshop.runs.test_run import Service
from workshop.language import Language
from workshop.runs.follow import LogLine, OutOfSight, StageStarted, follow_run
from workshop.runs.job_state import JobLooks, JobState
from workshop.runs.meanings import meaning
from workshop.runs.run import Run

WHEN = datetime(2026, 11, 25, 9, tzinfo=UTC)
NAME = '{"TrainingJobName": "chitra--one"}'
SCHEDULED = {"type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": NAME}}


def training_job(status: str, message: str = "", **more: Any) -> dict[str, Any]:
    transition = {"Status": status, "StartTime": WHEN, "StatusMessage": message}
    return {
        "SecondaryStatus": status,
        "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": WHEN}, transition],
        "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        **more,
    }


class Jobs(Service):
    """A run whose training job answers ``looks``, one at a time."""

    def __init__(self, *looks: dict[str, Any] | str, statuses: list[str]) -> None:
        super().__init__({"": (["one"], "a")}, statuses)
        self.later, self._looks = [SCHEDULED], list(looks)

    def describe_training_job(self, **given: Any) -> dict[str, Any]:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, str):
            raise ClientError({"Error": {"Code": look, "Message": "could not find it"}}, "DescribeTrainingJob")
        return look


def followed(service: Jobs) -> list[Any]:
    return list(follow_run(service, Run("arn", "chitra--one"), poll_seconds=0.0))  # type: ignore[arg-type]


def test_should_tell_what_has_changed() -> None:
    looks = [training_job("Starting"), training_job("Starting"), training_job("Training", TrainingStartTime=WHEN)]
    events = followed(Jobs(*looks, statuses=["RUNNING"] * 3 + ["SUCCEEDED"]))
    assert events[0] == StageStarted("Train")
    assert [event.status for event in events if isinstance(event, JobState)] == ["Starting", "Training"]
    assert LogLine("Train", "one") in events


def test_should_follow_without_the_permission_to_look() -> None:
    assert followed(Jobs("AccessDeniedException", statuses=["SUCCEEDED"])) == [
        StageStarted("Train"),
        LogLine("Train", "one"),
    ]


def test_should_wait_for_a_job_that_is_not_there_yet() -> None:
    events = followed(Jobs("ValidationException", training_job("Starting"), statuses=["RUNNING", "SUCCEEDED"]))
    assert [event.status for event in events if isinstance(event, JobState)] == ["Starting"]


def test_should_go_on_when_sagemaker_asks_for_patience() -> None:
    events = followed(Jobs("ThrottlingException", training_job("Training"), statuses=["RUNNING"] * 2 + ["SUCCEEDED"]))
    assert [type(event) for event in events if not isinstance(event, LogLine)] == [StageStarted, OutOfSight, JobState]


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (training_job("Downloading"), "the articles are fetched from the bucket"),
        (training_job("MaxRuntimeExceeded"), "SageMaker stopped it at its longest run time"),
        (training_job("Interrupted"), "the spot instance was taken away"),
        (training_job("Starting", "Insufficient capacity error from EC2, retrying!"), "AWS has no instance free"),
        (training_job("ANewWord"), ""),
    ],
)
def test_should_say_what_a_status_means(job: dict[str, Any], expected: str) -> None:
    [state] = JobLooks(Jobs(job, statuses=[])).news("Train", "chitra--one")  # type: ignore[arg-type]
    assert meaning(state, Language.EN).startswith(expected)
    assert bool(meaning(state, Language.JA)) == bool(expected)


@pytest.mark.parametrize(
    ("stage", "own"),
    [("Preprocess", True), ("Wait for dataset", False)],
)
def test_should_tell_apart_whose_processing_job_it_is(stage: str, own: bool) -> None:
    service = Jobs("", statuses=[])
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
    job = {"ProcessingJobStatus": "InProgress", "ProcessingResources": {"ClusterConfig": cluster}}
    service.describe_processing_job = lambda **given: job  # type: ignore[attr-defined]
    [state] = JobLooks(service).news(stage, "chitra--dataset-1")  # type: ignore[arg-type]
    assert (state.status, state.own, state.started, str(state.capacity)) == ("Starting", own, None, "2 x ml.m5.xlarge")
