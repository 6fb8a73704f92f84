"""`workshop build-image`: starts a build in CodeBuild, shows its log, and says why one failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.names import Names
from workshop.aws.deployment import Deployment
from workshop.runs.image_build import BuildFailedError, build_image, is_built

REGION = "ap-northeast-1"
NAMES = Names("chitra")
ID = "chitra-image:1f2e"
TAGS = (f"cpu-{'0' * 64}", f"cuda-{'0' * 64}")
CPU, CUDA = (f"123456789012.dkr.ecr.{REGION}.amazonaws.com/chitra-image:{tag}" for tag in TAGS)
DEPLOYMENT = Deployment(NAMES, "bucket", "role", "workflow", CPU, CUDA, CPU)
PLACE = {"logGroupName": NAMES.build_log_group, "logStreamName": "1f2e"}


class Aws:
    """A session whose calls are answered in order; a call that was not expected fails the test."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.clients = {name: boto3.client(name, REGION, **keys) for name in ("codebuild", "logs", "ecr")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self.clients[name]

    def build(self, status: str, *, first: bool = False, logs: bool = True, phases: Any = ()) -> None:
        place = {"groupName": PLACE["logGroupName"], "streamName": PLACE["logStreamName"]} if logs else {}
        build = {"id": ID, "buildStatus": status, "logs": place, "phases": list(phases)}
        if first:
            self.stubs["codebuild"].add_response("start_build", {"build": build}, {"projectName": "chitra-image"})
        else:
            self.stubs["codebuild"].add_response("batch_get_builds", {"builds": [build]}, {"ids": [ID]})

    def lines(self, *texts: str, after: str = "") -> None:
        """One page of the log, and the empty one behind it."""
        token = {"nextToken": after} if after else {}
        asked = {**PLACE, **token, "startFromHead": True}
        page = {"events": [{"message": f"{text}\n"} for text in texts], "nextForwardToken": f"{after}+"}
        self.stubs["logs"].add_response("get_log_events", page, asked)
        if texts:
            empty = {"events": [], "nextForwardToken": f"{after}+"}
            self.stubs["logs"].add_response("get_log_events", empty, asked | {"nextToken": f"{after}+"})


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws()
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()


def test_should_show_each_line_of_the_log_once(aws: Aws) -> None:
    aws.build("IN_PROGRESS", first=True, logs=False)
    aws.build("IN_PROGRESS")
    aws.stubs["logs"].add_client_error("get_log_events", "ResourceNotFoundException")  # the stream is not there yet
    aws.build("IN_PROGRESS")
    aws.lines("#1 transferring context", "#2 installing torch")
    aws.build("SUCCEEDED")
    aws.lines("pushed", after="+")
    lines = list(build_image(aws, NAMES, poll_seconds=0))  # type: ignore[arg-type]
    assert lines == ["#1 transferring context", "#2 installing torch", "pushed"]


def test_should_show_what_stands_behind_an_empty_page_of_the_log(aws: Aws) -> None:
    aws.build("SUCCEEDED", first=True)
    aws.lines()
    aws.lines("pushed", after="+")
    assert list(build_image(aws, NAMES)) == ["pushed"]  # type: ignore[arg-type]


def test_should_say_in_which_phase_a_build_failed_and_why(aws: Aws) -> None:
    contexts = [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "Error while executing command: docker build"}]
    phases = [
        {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED"},
        {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": contexts},
    ]
    aws.build("IN_PROGRESS", first=True, logs=False)
    aws.build("FAILED", phases=phases)
    aws.lines("error: has sha256 ab, not cd. Fetch it again.")
    shown = []
    with pytest.raises(BuildFailedError) as caught:
        shown.extend(build_image(aws, NAMES, poll_seconds=0))  # type: ignore[arg-type]
    assert str(caught.value) == f"{ID}: BUILD FAILED: Error while executing command: docker build"


def test_should_name_the_setting_when_there_is_no_project(aws: Aws) -> None:
    aws.stubs["codebuild"].add_client_error("start_build", "ResourceNotFoundException", "Project cannot be found")
    with pytest.raises(BuildFailedError, match=r"no such project\. Set image_source in cdk\.json to codebuild and run"):
        list(build_image(aws, NAMES))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("there", "built"), [((True, True), True), ((True, False), False), ((True, None), False), ((False,), False)]
)
def test_should_know_whether_all_images_are_there(aws: Aws, there: tuple[bool | None, ...], built: bool) -> None:
    """Each is looked for once, though two stages share one; None is an answer without an image."""
    for tag, found in zip(TAGS, there, strict=False):
        asked = {"repositoryName": "chitra-image", "imageIds": [{"imageTag": tag}]}
        if found is False:
            aws.stubs["ecr"].add_client_error("describe_images", "ImageNotFoundException", expected_params=asked)
        else:
            details = [{"imageTags": [tag]}] if found else []
            aws.stubs["ecr"].add_response("describe_images", {"imageDetails": details}, asked)
    assert is_built(aws, DEPLOYMENT) is built  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phases", "why"),
    [
        ([{"phaseType": "BUILD", "phaseStatus": "TIMED_OUT"}], "BUILD TIMED_OUT: see the lines above"),
        ([{"phaseType": "QUEUED", "phaseStatus": "SUCCEEDED"}, {"phaseType": "COMPLETED"}], "STOPPED"),
    ],
)
def test_should_say_what_is_known_of_a_build_that_ended_without_a_reason(aws: Aws, phases: Any, why: str) -> None:
    aws.build("STOPPED", first=True, logs=False, phases=phases)
    with pytest.raises(BuildFailedError, match=f"^{ID}: {why}$"):
        list(build_image(aws, NAMES, poll_seconds=0))  # type: ignore[arg-type]
