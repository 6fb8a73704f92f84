"""The page and the policies to ask for are what the table says; the table is what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from permissions.__main__ import main
from permissions.page import PAGE, page
from permissions.recorded import Call, read
from permissions.requested import FILES, policy_text
from permissions.table import TABLE, read_table, table_text, unknown
from workshop.aws.permissions import BOOTSTRAP_ACTIONS, ORGANISER_ACTIONS

BUCKET = "arn:aws:s3:::chitra-sagemaker-123456789012-ap-northeast-1"
USER, OTHER_USER = (f"arn:aws:iam::123456789012:user/chitra-{name}" for name in ("tanaka", "suzuki"))
ROLE = "arn:aws:sts::123456789012:assumed-role/chitra-workflow-WorkflowStateMachineRoleAB27BF0D-E3D977EC60510/service"
ROOT = "arn:aws:iam::123456789012:root"
JOB_ROLE = "arn:aws:sts::123456789012:assumed-role/chitra--tanaka-jobs/service"
GATE_EXECUTION = "arn:aws:states:ap-northeast-1:123456789012:execution:chitra--tanaka-start:tanaka-20261126-093000-1a2b"
HOME = {"aws:RequestedRegion": "ap-northeast-1"}
NAMESPACE = {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}


def line(principal: str, action: str, resource: str, conditions: dict[str, object] = HOME, *policies: str) -> str:
    return json.dumps(
        {
            "principal": principal,
            "action": action,
            "resource": resource,
            "conditions": conditions,
            "allowed": True,
            "policies": policies,
        }
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "calls.jsonl"
    run = "arn:aws:sagemaker:ap-northeast-1:123456789012:training-job/chitra--tanaka-20261126-093000-1a2b"
    tags = {"aws:requesttag/workshop": "chitra", "aws:TagKeys": ["workshop"], "aws:ResourceTag/other": "x"}
    stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/chitra-foundation/*"
    lines = [
        line(ROOT, "s3:CreateBucket", BUCKET),  # outside of every stage: a test's own doing
        json.dumps({"stage": "Tear down"}),
        line(ROOT, "cloudformation:DescribeStacks", stack, {"aws:RequestedRegion": "eu-west-1"}),
        json.dumps({"stage": "workshop run"}),
        line(
            USER, "s3:GetObject", f"{BUCKET}/datasets/{'5b' * 16}/train/state.json", HOME, "AmazonSageMakerFullAccess"
        ),
        line(USER, "s3:GetObject", f"{BUCKET}/datasets/{'7c' * 16}/test/x.arrow", HOME, "AmazonSageMakerFullAccess"),
        line(ROLE, "sagemaker:CreateTrainingJob", run, HOME | tags),
        json.dumps({"stage": "scoped"}),
        line(USER, "states:DescribeExecution", GATE_EXECUTION, HOME, "chitra-participant"),
        line(
            ROLE, "iam:PassRole", "arn:aws:iam::123456789012:role/chitra--tanaka-jobs", HOME, "chitra-pass-job-roles-1"
        ),
        line(JOB_ROLE, "cloudwatch:PutMetricData", "*", HOME | NAMESPACE),
        *(line(who, "iam:GetUser", OTHER_USER, HOME, "chitra-participant") for who in (USER, OTHER_USER)),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_should_keep_of_a_recording_what_the_next_one_has_alike(recording: Path) -> None:
    tags = json.dumps({"aws:RequestTag/workshop": "<workshop>", "aws:TagKeys": ["workshop"]})
    stack = "arn:aws:cloudformation:<other region>:<account>:stack/<workshop>-foundation/<id>"
    job = "arn:aws:sagemaker:<region>:<account>:training-job/<workshop>--<participant>-<run>"
    of_dataset = "arn:aws:s3:::<workshop>-sagemaker-<account>-<region>/datasets/<hash>/<file>"
    elsewhere = json.dumps({"aws:RequestedRegion": "<other region>"})
    of_gate = "arn:aws:states:<region>:<account>:execution:<workshop>--<participant>-start:<participant>-<run>"
    own, others = (f"arn:aws:iam::<account>:user/<workshop>-<{who}participant>" for who in ("", "other "))
    job_role = "arn:aws:iam::<account>:role/<workshop>--<participant>-jobs"
    assert read(recording) == {
        Call("organiser", "cloudformation:DescribeStacks", stack, elsewhere): {"Tear down"},
        Call("participant", "s3:GetObject", of_dataset): {"workshop run"},
        Call("workflow role", "sagemaker:CreateTrainingJob", job, tags): {"workshop run"},
        Call("participant with access scoped", "states:DescribeExecution", of_gate): {"scoped"},
        Call("participant with access scoped", "iam:GetUser", own): {"scoped"},
        Call("participant with access scoped", "iam:GetUser", others): {"scoped"},
        Call("workflow role with access scoped", "iam:PassRole", job_role): {"scoped"},
        Call("participant's job role", "cloudwatch:PutMetricData", "*", json.dumps(NAMESPACE)): {"scoped"},
    }


def test_should_say_which_call_the_table_lacks(recording: Path) -> None:
    recorded = read(recording)
    known = {call: stages for call, stages in recorded.items() if call.principal != "organiser"}
    [told] = unknown(recorded, known)
    assert told.startswith("organiser: cloudformation:DescribeStacks on arn:aws:cloudformation:<other region>")
    assert told.endswith("allowed, and not in docs/permissions.json: run `make permissions`")
    assert unknown(known, recorded) == []


def test_should_show_the_table_as_it_is() -> None:
    calls = read_table()
    assert PAGE.read_text(encoding="utf-8") == page(calls)
    assert TABLE.read_text(encoding="utf-8") == table_text(calls)
    for kind, file in FILES.items():
        assert file.read_text(encoding="utf-8") == policy_text(kind, calls)


def test_should_ask_for_all_that_the_doctor_asks_for() -> None:
    assert set(ORGANISER_ACTIONS) <= actions_in("organiser") | actions_in("teardown")
    assert set(BOOTSTRAP_ACTIONS) <= actions_in("deployer")
    assert actions_in("organiser") <= set(ORGANISER_ACTIONS)  # else the doctor is content where a command fails


def actions_in(kind: str) -> set[str]:
    statements = json.loads(FILES[kind].read_text(encoding="utf-8"))["Statement"]
    listed = [[each["Action"]] if isinstance(each["Action"], str) else each["Action"] for each in statements]
    return {action for actions in listed for action in actions}


def test_should_want_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nosuch"]) == 2
    assert capsys.readouterr().err == "error: name the file that LOCAL_AWS_RECORD named: `make permissions` does.\n"
