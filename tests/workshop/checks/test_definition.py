"""What Step Functions would refuse is told before a deployment, and of a deployed workflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from tests.helpers.accounts import ACCOUNT, HOME, build, stacks
from tests.helpers.cloud import RefusalError
from tests.helpers.examined import Examined, checks_of, prepare, write_template
from tests.helpers.project import SETTINGS
from tests.infra.conftest import synthesise
from workshop.checks.check import Check, State

ERROR = {
    "severity": "ERROR",
    "code": "SCHEMA_VALIDATION_FAILED",
    "message": "The value\nis not an ARN",
    "location": "/States/Train/Resource",
}
WARNING = {"severity": "WARNING", "code": "NO_DOLLAR", "message": "looks like a path"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Examined, "validated", [])
    return prepare(tmp_path, monkeypatch)


def workflow(cloud: Any, project: Path, given: Settings | None = None) -> list[Check]:
    return [check for check in checks_of(cloud, project, given) if check.subject == "workflow"]


def test_should_have_the_deployed_definition_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examined, "deployed", '{"StartAt": "Start"}')
    [check] = workflow(build(stacks()), project)
    assert (check.state, check.finding) == (State.OK, "Step Functions takes the definition deployed")
    assert Examined.validated == ['{"StartAt": "Start"}']


def test_should_have_the_synthesised_definition_looked_at_before_a_deployment(project: Path) -> None:
    template = synthesise(SETTINGS)["workflow"].to_json()
    (project / "cdk.out/chitra-workflow.template.json").write_text(json.dumps(template))
    [check] = workflow(build([]), project)
    assert (check.state, check.finding) == (State.OK, "Step Functions takes the definition in cdk.out")
    [definition] = map(json.loads, Examined.validated)
    job = definition["States"]["Train"]["Arguments"]
    assert job["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/made-later"
    assert job["OutputDataConfig"]["S3OutputPath"] == "s3://made-later/models"
    assert job["AlgorithmSpecification"]["TrainingImage"].startswith(f"{ACCOUNT}.dkr.ecr.{HOME}.amazonaws.com/cdk-")
    assert definition["States"]["Schedule expiry"]["Arguments"]["Target"]["RoleArn"].startswith("arn:aws:iam::")


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("as it is", "as it is"),
        ({"Ref": "AWS::Region"}, HOME),
        ({"Ref": "Bucket"}, "made-later"),
        ({"Fn::GetAtt": ["Role", "Arn"]}, f"arn:aws:iam::{ACCOUNT}:role/made-later"),
        ({"Fn::GetAtt": ["Role", "RoleName"]}, "made-later"),
        (
            {"Fn::Sub": "${AWS::AccountId} ${Bucket} ${Role.Arn}"},
            f"{ACCOUNT} made-later arn:aws:iam::{ACCOUNT}:role/made-later",
        ),
        ({"Fn::Sub": ["${a}-${AWS::Partition}", {"a": {"Ref": "AWS::URLSuffix"}}]}, "amazonaws.com-aws"),
        ({"Fn::Join": ["-", ["a", {"Fn::Join": ["", ["b", {"Ref": "AWS::AccountId"}]]}]]}, f"a-b{ACCOUNT}"),
    ],
)
def test_should_fill_in_what_cloudformation_makes_first(definition: object, text: str, project: Path) -> None:
    write_template(project, definition)
    workflow(build([]), project)
    assert Examined.validated == [text]


def test_should_tell_each_diagnostic_in_a_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examined, "diagnostics", (ERROR, WARNING))
    failed, to_do = workflow(build([]), project)
    assert (failed.state, to_do.state) == (State.FAILED, State.TO_DO)
    assert failed.finding == "/States/Train/Resource SCHEMA_VALIDATION_FAILED: The value is not an ARN"
    assert to_do.finding == "NO_DOLLAR: looks like a path"
    assert "infra/workflow.py" in failed.fix


def test_should_believe_a_refusal_without_diagnostics(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examined, "_stepfunctions", refuse_without_a_word)
    [check] = workflow(build([]), project)
    assert (check.state, check.finding) == (State.FAILED, "Step Functions refuses the definition and does not say why")


def refuse_without_a_word(cloud: Any, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    if operation == "DescribeStateMachine":
        raise RefusalError("StateMachineDoesNotExist", "no")
    return {"result": "FAIL", "diagnostics": []}


@pytest.mark.parametrize("content", [None, "[]", "{", '{"Resources": {}}', '{"Resources": {"A": {}}}'])
def test_should_say_that_there_is_nothing_to_look_at_yet(content: str | None, project: Path) -> None:
    file = project / "cdk.out/chitra-workflow.template.json"
    file.unlink()
    if content:
        file.write_text(content)
    [check] = workflow(build([]), project)
    assert check.state is State.UNKNOWN
    assert check.fix.startswith("make synth")
    assert Examined.validated == []
