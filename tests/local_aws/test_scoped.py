"""Access ``scoped`` on the local AWS: each call with its caller's own credentials, gates and caps.

Whole days are in tests/notebooks (the workflow and SageMaker's SDK, with a participant's key) and in
tests/rehearsal/test_crowd.py (the workshop's commands), which run with access ``scoped``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from chitra.errors import WorkshopError
from infra.names import COUNT_ENDPOINTS_STATE
from infra.settings import parse_settings
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import CONTEXT
from tests.local_aws import scoped_rows as rows
from tests.local_aws.conftest import deploy
from tests.local_aws.permission_row import Row
from tests.local_aws.test_permissions import make_administrator, refusal, role, user
from workshop.aws.account import Account
from workshop.aws.advice import DENIED
from workshop.aws.deployment import Deployment, find_deployment
from workshop.data.upload import upload_corpus
from workshop.runs.costs import PriceList
from workshop.runs.endpoint import exact_name
from workshop.runs.follow import RunFailedError, StageStarted, follow_run
from workshop.runs.run import Run, find_run, start_run, stop_run
from workshop.runs.status import endpoint_statuses, execution_statuses

LIMITS = {"executions_per_participant": 2, "endpoints_per_participant": 1}
CHANGES = {"access": "scoped", "participants": ["participant-1", "participant-2"], "limits": LIMITS}
SETTINGS = parse_settings(CONTEXT | CHANGES)
STEP_FUNCTIONS = {"Service": "states.amazonaws.com"}


@dataclass(frozen=True)
class Scoped:
    aws: LocalAws
    sessions: dict[str, boto3.Session]
    organiser: Account

    @property
    def participant(self) -> Account:
        return Account(self.sessions[rows.P1])

    @property
    def deployment(self) -> Deployment:
        return find_deployment(self.participant, SETTINGS)


@pytest.fixture(scope="module")
def scoped(tmp_path_factory: pytest.TempPathFactory, stand_in: Path, sample_corpus: Path) -> Iterator[Scoped]:
    with LocalAws(tmp_path_factory.mktemp("scoped"), runtime=Runtime(stand_in), region=SETTINGS.region) as aws:
        root = deploy(aws, SETTINGS)
        organiser = Account(root)
        make_administrator(root, rows.DEPLOY_ROLE.rpartition("/")[2])
        for bucket in (rows.STRANGE, rows.BOOTSTRAP):
            location = {"LocationConstraint": SETTINGS.region}
            root.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        upload_corpus(root.client("s3"), find_deployment(organiser, SETTINGS), sample_corpus)
        machine = root.client("stepfunctions").describe_state_machine(stateMachineArn=rows.MACHINE)
        sessions = {
            rows.P1: user(aws, "chitra-participant-1"),
            rows.P2: user(aws, "chitra-participant-2"),
            rows.JOB: role(root, aws, rows.OWN_ROLE),
            rows.DATASETS: role(root, aws, rows.PREPROCESSING_ROLE),
            rows.WORKFLOW: role(root, aws, trusting(root, machine["roleArn"])),
            rows.GATES: role(root, aws, trusting(root, rows.role("chitra-gates"))),
        }
        yield Scoped(aws, sessions, organiser)


def trusting(root: boto3.Session, arn: str) -> str:
    """The same role, which the test may assume in Step Functions' place."""
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [anybody, {**anybody, "Principal": STEP_FUNCTIONS}]})
    root.client("iam").update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=document)
    return arn


@pytest.fixture(scope="module")
def furnished(scoped: Scoped) -> Scoped:
    """With a model, a config and an endpoint of each participant; its container does not start for want of a model."""
    deployment, sagemaker = find_deployment(scoped.organiser, SETTINGS), scoped.organiser.client("sagemaker")
    for number in (1, 2):
        name, container = rows.run(number), {"Image": deployment.endpoint_image, "ModelDataUrl": "s3://none/none"}
        made = {"ExecutionRoleArn": rows.role(rows.run(number, "jobs")), "PrimaryContainer": container}
        sagemaker.create_model(ModelName=name, Tags=rows.TAG, **made)
        sagemaker.create_endpoint_config(**rows.config(name, of=name, Tags=rows.TAG))
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=rows.TAG)
    return scoped


def start_at_gate(scoped: Scoped, name: str, request: Any) -> str:
    """Why the gate refused; empty when it did not."""
    states = scoped.participant.client("stepfunctions")
    started = states.start_execution(stateMachineArn=scoped.deployment.gate, name=name, input=json.dumps(request))
    while (ended := states.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        pass
    return str(ended.get("cause", ""))


BUCKET = rows.BUCKET


@pytest.mark.parametrize(
    ("name", "request_", "why"),
    [
        ("participant-2-x", {}, "runs of participant-1 are called chitra--participant-1-..."),
        ("participant-10-x", {}, "runs of participant-1 are called"),
        ("participant-1-a", [], "the input is no object"),
        ("participant-1-b", {"corpus": "corpora/chitra-participant-2/"}, "may train on corpus/ and corpora/chitra-par"),
        ("participant-1-c", {"corpus": ["corpus/"]}, "may train on"),
        ("participant-1-d", {"artefact": f"s3://{BUCKET}/models/chitra--participant-2-r/m"}, "may serve models of"),
        ("participant-1-e", {"artefact": f"s3://x/s3://{BUCKET}/models/chitra--participant-1-r/m"}, "may serve models"),
    ],
)
def test_should_start_no_run_of_others(scoped: Scoped, name: str, request_: Any, why: str) -> None:
    assert why in start_at_gate(scoped, name, request_)
    states, execution = scoped.organiser.client("stepfunctions"), rows.OWN_EXECUTION.rpartition(":")[0]
    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(executionArn=f"{execution}:{name}")


def test_should_take_nobody_elses_name_for_the_participants(scoped: Scoped) -> None:
    """What the input says about whose the run is counts for nothing; a refusal names the way out."""
    assert start_at_gate(scoped, "participant-1-f", {"participant": "participant-2", "artefact": ""}) != ""
    with pytest.raises(WorkshopError, match=r"your runs are called chitra--participant-1-\.\.\. Choose another --name"):
        start_run(
            *(scoped.participant, scoped.deployment), hyperparameters={}, endpoint=False, name="chitra--participant-2-x"
        )


def start(scoped: Scoped, *names: str) -> list[Run]:
    """Runs with endpoints, one right after the other."""
    account, deployment = scoped.participant, scoped.deployment
    return [start_run(account, deployment, hyperparameters={}, endpoint=True, name=name) for name in names]


def states_of(scoped: Scoped, run: Run) -> set[str]:
    """Which the run has entered."""
    states = scoped.participant.client("stepfunctions")
    events = states.get_execution_history(executionArn=run.execution_arn, maxResults=1000)["events"]
    return {event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event}


def test_should_refuse_a_run_too_many(scoped: Scoped) -> None:
    """Of endpoints it counts those that are there: two runs that are asked for at once may both make one."""
    account, deployment = scoped.participant, scoped.deployment
    runs = start(scoped, "a1", "a2", "a3")
    try:
        refused = r"participant-1 has already 2 runs: participant-1-a\d, participant-1-a\d\. Wait for one"
        with pytest.raises(RunFailedError, match=refused):
            list(follow_run(account, runs[2], poll_seconds=0.1))
        assert COUNT_ENDPOINTS_STATE not in states_of(scoped, runs[2])
        for run in runs[:2]:
            assert StageStarted("Find image") in follow_run(account, run, poll_seconds=0.1)  # behind the caps
            assert COUNT_ENDPOINTS_STATE in states_of(scoped, run)
        assert find_run(account, deployment, deployment.full_name("a1")) == runs[0]
        states = {each.name: each.state for each in execution_statuses(account, deployment)}
        ran = {f"participant-1-a{number}": state for number, state in ((1, "RUNNING"), (2, "RUNNING"), (3, "FAILED"))}
        assert states == states | ran
    finally:
        for run in runs:
            stop_run(account, run)


def test_should_refuse_an_endpoint_too_many_however_many_ask_at_once(furnished: Scoped) -> None:
    refused = r"participant-1 has already 1 endpoint: chitra--participant-1-r\. Delete one"
    for run in start(furnished, "b1", "b2"):
        with pytest.raises(RunFailedError, match=refused):
            list(follow_run(furnished.participant, run, poll_seconds=0.1))


def test_should_find_ones_own_endpoint_only(furnished: Scoped) -> None:
    account, deployment = furnished.participant, furnished.deployment
    assert exact_name(account, SETTINGS, "r") == rows.run(1)
    found = endpoint_statuses(account, deployment.names, PriceList(account), prefix=deployment.own_runs)
    assert [each.name for each in found] == [rows.run(1)]


@pytest.mark.parametrize("row", rows.ROWS, ids=str)
def test_should_let_through_what_is_ones_own_and_nothing_else(furnished: Scoped, row: Row) -> None:
    assert (refusal(furnished.sessions[row.who], row) in DENIED) != row.allowed


@pytest.mark.parametrize("row", rows.FOREIGN_REGION, ids=str)
def test_should_stay_in_the_region(furnished: Scoped, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.local_aws.permission_rows.REGION", "us-east-1")
    assert refusal(furnished.sessions[row.who], row) in DENIED


def test_should_stay_within_the_boundary_whatever_is_attached(scoped: Scoped) -> None:
    iam, client = scoped.organiser.client("iam"), scoped.sessions[rows.P2].client("s3")
    iam.put_user_policy(UserName="chitra-participant-2", PolicyName="p", PolicyDocument=rows.EVERYTHING)
    try:
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            client.get_object(Bucket=rows.BUCKET, Key="corpora/chitra-participant-1/a.jsonl")
    finally:
        iam.delete_user_policy(UserName="chitra-participant-2", PolicyName="p")


def test_should_hold_a_table_that_tells_apart() -> None:
    every = [*rows.ROWS, *rows.FOREIGN_REGION]
    assert len([row for row in every if not row.allowed]) >= 60
    assert len({(row.who, row.call, str(row.arguments)) for row in rows.ROWS}) == len(rows.ROWS)
