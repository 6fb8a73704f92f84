"""What the templates hold, and that they are the same bytes everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_cdk import App
from aws_cdk.assertions import Match, Template

from infra.stacks import build_app
from infra.tasks import MOST_TRIES, PAUSE_SECONDS
from tests.helpers.project import CONTEXT, ROOT, SETTINGS, cdk_json, copy_project
from tests.infra.conftest import Templates

TIMES_OF_THE_RUN = ("validation-report.json", "performance-counters.json")


def test_should_make_a_private_encrypted_versioned_bucket(templates: Templates) -> None:
    foundation = templates["foundation"]
    foundation.has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Delete",
            "Properties": {
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": Match.any_value(),
                "LifecycleConfiguration": Match.any_value(),
            },
        },
    )
    assert "-sagemaker-" in json.dumps(list(foundation.find_resources("AWS::S3::Bucket").values()))
    foundation.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})]
                )
            }
        },
    )


def test_should_give_the_execution_role_sagemaker_full_access(templates: Templates) -> None:
    role = {
        "RoleName": "chitra-sagemaker-execution",
        "AssumeRolePolicyDocument": {
            "Statement": [
                {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}
            ]
        },
    }
    templates["foundation"].has_resource_properties("AWS::IAM::Role", role)
    assert managed_policies(templates["foundation"], "AWS::IAM::Role") == {"AmazonSageMakerFullAccess"}


def managed_policies(template: Template, resource_type: str) -> set[str]:
    text = json.dumps(list(template.find_resources(resource_type).values()))
    return {name for name in ("AmazonSageMakerFullAccess", "PowerUserAccess", "AdministratorAccess") if name in text}


def test_should_make_one_user_per_participant(templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    template = templates_with({"participants": ["tanaka", "suzuki"], "power_user": True})["participants"]
    users = template.find_resources("AWS::IAM::User").values()
    assert {user["Properties"]["UserName"] for user in users} == {"chitra-tanaka", "chitra-suzuki"}
    assert managed_policies(template, "AWS::IAM::User") == {"AmazonSageMakerFullAccess", "PowerUserAccess"}


def test_should_give_power_user_access_only_when_asked(templates: Templates) -> None:
    assert managed_policies(templates["participants"], "AWS::IAM::User") == {"AmazonSageMakerFullAccess"}


def policies(templates: Templates) -> dict[str, dict[str, Any]]:
    """Documents of all managed policies, by name."""
    made = [policy for each in templates.values() for policy in each.find_resources("AWS::IAM::ManagedPolicy").values()]
    return {each["Properties"]["ManagedPolicyName"]: each["Properties"]["PolicyDocument"] for each in made}


def test_should_let_participants_pass_exactly_the_execution_role_to_sagemaker(templates: Templates) -> None:
    statements = policies(templates)["chitra-participant"]["Statement"]
    [passing] = [statement for statement in statements if statement["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert list(passing["Resource"]) == ["Fn::ImportValue"]


def test_should_hold_no_access_key_and_no_custom_resource(templates: Templates) -> None:
    for template in templates.values():
        types = {resource["Type"] for resource in template.to_json()["Resources"].values()}
        assert "AWS::IAM::AccessKey" not in types
        assert "AWS::Lambda::Function" not in types
        assert not [kind for kind in types if kind.startswith("Custom::")]


def test_should_keep_logs_no_longer_than_set(templates: Templates) -> None:
    template = templates["workflow"]
    template.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 14})
    template.resource_count_is("AWS::Logs::LogGroup", 1)


def test_should_offer_its_parts_by_name(templates: Templates) -> None:
    parameters = templates["workflow"].find_resources("AWS::SSM::Parameter").values()
    names = {parameter["Properties"]["Name"] for parameter in parameters}
    keys = ("bucket", "execution-role", "workflow", "image", "training-image", "endpoint-image", "access")
    assert names == {f"/chitra/{key}" for key in keys}


def test_should_tag_everything_that_takes_tags(templates: Templates) -> None:
    untaggable = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::CDK::Metadata"}
    for template in templates.values():
        for name, resource in template.to_json()["Resources"].items():
            if resource["Type"] not in untaggable:
                tags = resource["Properties"]["Tags"]
                as_map = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
                assert as_map["workshop"] == "chitra", name


def test_should_grant_the_workflow_only_its_own_names(templates: Templates) -> None:
    text = json.dumps(templates["workflow"].find_resources("AWS::IAM::Policy"))
    for kind in ("processing-job", "training-job", "model", "endpoint-config", "endpoint"):
        assert f":{kind}/chitra--*" in text
    assert '"sagemaker:*"' not in text


def definition(templates: Templates) -> dict[str, Any]:
    """The state machine's, with references left out."""
    [machine] = templates["workflow"].find_resources("AWS::StepFunctions::StateMachine").values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    states: dict[str, Any] = json.loads("".join(part if isinstance(part, str) else "x" for part in parts))["States"]
    return states


def test_should_serve_a_model_of_an_earlier_run_without_training(templates: Templates) -> None:
    states = definition(templates)
    [training] = states["Model given?"]["Choices"]
    assert training == {"Condition": "{% $artefact = '' %}", "Next": "Find image"}
    assert states["Model given?"]["Default"] == "Endpoint wanted?"


def test_should_make_no_endpoint_before_the_schedule_that_deletes_it(templates: Templates) -> None:
    states = definition(templates)
    assert states["Schedule expiry"]["Next"] == "Create endpoint"
    assert [name for name, state in states.items() if state.get("Next") == "Create endpoint"] == ["Schedule expiry"]
    assert "Catch" not in states["Schedule expiry"]


def test_should_wait_in_line_no_longer_than_an_endpoint_lives(templates: Templates) -> None:
    """An endpoint that was made after its schedule had passed would have no end."""
    states = definition(templates)
    seconds = sum(
        retrier["IntervalSeconds"] * sum(retrier["BackoffRate"] ** number for number in range(retrier["MaxAttempts"]))
        for retrier in states["Create endpoint"]["Retry"]
    )
    assert seconds + MOST_TRIES * max(PAUSE_SECONDS) < 3600
    for name in ("Preprocess", "Train"):
        assert states[name]["Retry"][0]["MaxAttempts"] == 8 * 60


def test_should_stage_templates_and_images_under_the_workshops_own_names(tmp_path: Path) -> None:
    app = build_app(App(outdir=str(tmp_path), context=cdk_json(CONTEXT)["context"]), SETTINGS)
    app.synth()
    keys, tags = set(), set()
    for manifest in tmp_path.glob("*.assets.json"):
        assets = json.loads(manifest.read_text())
        keys |= {each["objectKey"] for asset in assets["files"].values() for each in asset["destinations"].values()}
        images = assets["dockerImages"].values()
        tags |= {each["imageTag"] for asset in images for each in asset["destinations"].values()}
    assert len(keys) == 3
    assert all(key.startswith("chitra/") for key in keys)
    assert [tag.startswith("chitra--") for tag in tags] == [True, True]


# Two strangers, whose clocks never show the same day. Neither programs in Python nor in Node get a connection.
NO_SOCKETS = {
    "sitecustomize.py": "import socket\n\ndef connect(*_):\n    raise SystemExit('a socket')\n\n"
    "socket.socket.connect = socket.socket.connect_ex = connect\n",
    "no-sockets.cjs": "require('net').Socket.prototype.connect = () => { throw new Error('a socket'); };\n",
}
STRANGERS = (
    {"USER": "first", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
    {"USER": "second", "TZ": "Etc/GMT+12", "LC_ALL": "C.UTF-8", "LANGUAGE": "ja"},
)


def synthesise_with_the_cli(source: Path, output: Path, stranger: dict[str, str]) -> dict[str, bytes]:
    """The real CLI, checks included, as a stranger would have it: no credentials, no home, no Docker, no network."""
    for name, text in NO_SOCKETS.items():
        (output / name).write_text(text)
    environment = stranger | {
        "PYTHONPATH": str(output),
        "NODE_OPTIONS": f"--require={output / 'no-sockets.cjs'}",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": str(output),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "CDK_DOCKER": "/bin/false",
    }
    command = [str(ROOT / "node_modules/.bin/cdk"), "synth", "--quiet", "--output", str(output / "out")]
    command += ["--app", f"{sys.executable} app.py"]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        file.relative_to(output / "out").as_posix(): file.read_bytes()
        for file in sorted((output / "out").rglob("*"))
        if file.is_file() and file.name not in TIMES_OF_THE_RUN
    }


def test_should_synthesise_the_same_bytes_anywhere(tmp_path: Path, project: Path) -> None:
    copy = copy_project(tmp_path / "elsewhere")
    (copy / "README.md").write_text("something else than the project's")
    (copy / "training_image/notes.txt").write_text("not part of the image")
    outputs = [tmp_path / "first", tmp_path / "second"]
    for output in outputs:
        output.mkdir()
    first, second = (synthesise_with_the_cli(*each) for each in zip((project, copy), outputs, STRANGERS, strict=True))
    assert [name for name in first if name.endswith(".template.json")] == [
        "chitra-foundation.template.json",
        "chitra-participants.template.json",
        "chitra-workflow.template.json",
    ]
    assert first == second


def test_should_end_with_one_line_when_the_settings_are_wrong(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": '{"workshop": {"name": "Bad Name"}}'},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cdk.json: workshop.name: should match pattern" in done.stderr
    assert "Traceback" not in done.stderr
