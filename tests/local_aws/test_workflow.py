"""The deployed workflow on the local AWS: no endpoint without the schedule that deletes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from chitra.errors import WorkshopError
from infra.costs import rates
from infra.names import Names
from infra.settings import parse_settings
from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, LocalAws
from tests.helpers.project import CONTEXT, SETTINGS, write_cdk_json
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.checks.check import State
from workshop.checks.definition import check_definition
from workshop.cli import app
from workshop.data.batches import Unlabelled
from workshop.runs.classify import start_classification
from workshop.runs.endpoint import create_endpoint
from workshop.runs.follow import RunFailedError, follow_run
from workshop.runs.meter import count, read_listing, require_room
from workshop.runs.run import start_run

REGION = "ap-northeast-1"
NAMES = Names("chitra")
RUN = "chitra--trained"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("workflow"), runtime=Runtime(stand_in), region=REGION) as aws:
        yield aws


@pytest.fixture(scope="module")
def session(aws: LocalAws) -> boto3.Session:
    """An account in which the real templates are deployed and a run left an artefact."""
    return with_an_artefact(deploy(aws, SETTINGS), NAMES)


def with_an_artefact(root: boto3.Session, names: Names) -> boto3.Session:
    key = f"models/{names.run_prefix}trained/output/model.tar.gz"
    root.client("s3").put_object(Bucket=names.bucket(ACCOUNT, REGION), Key=key, Body=b"no archive")
    return root


def without_scheduler(iam: Any, states: Any) -> None:
    """Take the permission to make schedules from the workflow's role."""
    [machine] = states.list_state_machines()["stateMachines"]
    role = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["roleArn"].rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        kept = [each for each in document["Statement"] if "scheduler:CreateSchedule" not in each["Action"]]
        assert len(kept) < len(document["Statement"])
        changed = json.dumps({**document, "Statement": kept})
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=changed)


def test_should_let_the_doctor_ask_about_the_deployed_definition(session: boto3.Session, tmp_path: Path) -> None:
    [check] = check_definition(Account(session), SETTINGS, tmp_path)
    assert (check.state, check.finding) == (State.OK, "Step Functions takes the definition deployed")


def test_should_schedule_the_end_of_an_endpoint_and_say_when_it_fails(session: boto3.Session) -> None:
    deployment = find_deployment(Account(session), SETTINGS)
    started = create_endpoint(Account(session), deployment, RUN, hours=3)
    with pytest.raises(RunFailedError, match="Failed"):  # what it should serve is no archive
        list(follow_run(Account(session), started, poll_seconds=0.2))
    schedule = session.client("scheduler").get_schedule(Name=started.name)
    end = datetime.strptime(schedule["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert abs(end - datetime.now(UTC) - timedelta(hours=3)) < timedelta(minutes=2)


def test_should_remove_the_model_of_a_classification_that_fails(session: boto3.Session) -> None:
    account = Account(session)
    line = Unlabelled("a.txt", "鍋で玉ねぎを炒めます。").line()
    started = start_classification(account, find_deployment(account, SETTINGS), [line], of=RUN)
    with pytest.raises(
        RunFailedError, match="Classify: AlgorithmError: truncated"
    ):  # what it should read with is no archive
        list(follow_run(account, started, poll_seconds=0.2))
    assert started.name not in {each["ModelName"] for each in session.client("sagemaker").list_models()["Models"]}


def test_should_make_no_endpoint_when_its_schedule_cannot_be_made(session: boto3.Session) -> None:
    sagemaker = session.client("sagemaker")
    before = {each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]}
    without_scheduler(session.client("iam"), session.client("stepfunctions"))
    started = create_endpoint(Account(session), find_deployment(Account(session), SETTINGS), RUN, hours=1)
    with pytest.raises(RunFailedError, match="scheduler:CreateSchedule"):
        list(follow_run(Account(session), started, poll_seconds=0.2))
    assert {each["EndpointName"] for each in sagemaker.list_endpoints()["Endpoints"]} == before
    assert {each["Name"] for each in session.client("scheduler").list_schedules()["Schedules"]} <= before


def meter_of(aws: LocalAws, folder: Path, *arguments: str) -> str:
    """What `workshop budget` prints."""
    done = CliRunner().invoke(app, [*arguments, "--folder", str(folder)], env=aws.environment())
    assert done.exit_code == 0, done.output
    return done.stdout


def test_should_start_nothing_that_would_pass_the_budget(aws: LocalAws, tmp_path: Path) -> None:
    budget = {"amount": 0.5, "email": "organiser@example.com"}
    given = {"name": "frugal", "budget": budget, "prices": {"ml.m5.xlarge": 0.3, "ml.g4dn.xlarge": 1.0}}
    settings, names = parse_settings(CONTEXT | given), Names("frugal")
    root = with_an_artefact(deploy(aws, settings), names)
    account, sagemaker = Account(root), root.client("sagemaker")
    [told] = root.client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    assert told["BudgetName"].startswith("frugal-foundation-")
    assert float(told["BudgetLimit"]["Amount"]) == 0.5
    deployment, run = find_deployment(account, settings), "frugal--trained"
    with pytest.raises(
        RunFailedError, match=r"Over budget: would cost up to \$0\.90; \$0\.50 of the budget of \$0\.50"
    ):
        list(follow_run(account, create_endpoint(account, deployment, run, hours=3), poll_seconds=0.2))
    assert sagemaker.list_endpoints(NameContains="frugal")["Endpoints"] == []
    known = rates(settings)
    assert count(read_listing(account, deployment), known, names).total == 0  # the refused run took its note back
    started = create_endpoint(account, deployment, run, hours=1)
    with pytest.raises(RunFailedError, match="Failed"):  # what it should serve is no archive
        list(follow_run(account, started, poll_seconds=0.2))
    assert count(read_listing(account, deployment), known, names).endpoints == pytest.approx(0.3)
    with pytest.raises(WorkshopError, match=r"would cost up to \$0\.60; \$0\.20 of the budget of \$0\.50 are left"):
        require_room(account, deployment, settings, jobs=False, hours=2)
    write_cdk_json(folder := tmp_path, CONTEXT | given)
    assert re.search(r"^left of the budget of \$0\.500 +\$0\.200$", meter_of(aws, folder, "budget"), re.MULTILINE)
    assert json.loads(meter_of(aws, folder, "budget", "--json"))["endpoints"] == pytest.approx(0.3)
    write_cdk_json(folder, CONTEXT | given | {"budget": None})
    assert "no budget is set: nothing stops a run" in meter_of(aws, folder, "budget")


def test_should_refuse_a_run_without_a_model(session: boto3.Session) -> None:
    with pytest.raises(WorkshopError, match=r"run chitra--nothing: left no model in s3://"):
        create_endpoint(Account(session), find_deployment(Account(session), SETTINGS), "chitra--nothing", hours=None)


def test_should_never_share_an_execution(session: boto3.Session) -> None:
    """Step Functions gives the running execution to whoever starts its name with its input: no command may do so."""
    states, account = session.client("stepfunctions"), Account(session)
    deployment = find_deployment(account, SETTINGS)
    request = {"stateMachineArn": deployment.workflow, "name": "shared", "input": "{}"}
    assert states.start_execution(**request)["executionArn"] == states.start_execution(**request)["executionArn"]
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**{**request, "input": '{"endpoint": true}'})
    start_run(account, deployment, hyperparameters={}, endpoint=False, name="ours")
    with pytest.raises(WorkshopError, match=r"run chitra--ours: there is one of this name already\. Choose another"):
        start_run(account, deployment, hyperparameters={}, endpoint=False, name="chitra--ours")
