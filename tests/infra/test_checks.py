"""What the checkers find in the templates is what is acknowledged; whatever else they find stops a synthesis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CloudFormationValidatePlugin, Validations

from checks.cli import main
from checks.findings import Acknowledged, Finding
from checks.together import Checked, check
from infra.acknowledgements import ACKNOWLEDGEMENTS
from infra.checks import add_checkers, add_checks
from infra.settings import Settings, parse_settings
from infra.stacks import build_app
from review.sides import REPORT_ONLY
from tests.helpers.project import CONTEXT, ROOT, cdk_json, copy_project
from tests.infra.test_budget import BUDGET
from tests.infra.test_image import SOURCES

# Every access with and without a budget, every image source and kind of endpoint, and the longest names there can be.
LONGEST = {"name": "w" * 16, "region": "ap-southeast-2", "participants": ["p" * 32, "q" * 32]}
CHOICES: dict[str, dict[str, Any]] = {
    "shipped": {},
    "power-users": SOURCES["uri"] | BUDGET | LONGEST | {"power_user": True, "endpoint": {"kind": "serverless"}},
    "scoped": {"access": "scoped"},
    "scoped-longest": SOURCES["codebuild"]
    | BUDGET
    | LONGEST
    | {"access": "scoped", "endpoint": {"kind": "asynchronous", "max_instances": 3}},
}


@pytest.fixture(scope="module")
def choices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Settings, Checked]]:
    """Each choice as all checkers see it where nothing is acknowledged."""
    folder = tmp_path_factory.mktemp("assemblies")
    settings = {name: parse_settings(CONTEXT | changes) for name, changes in CHOICES.items()}
    for name, each in settings.items():
        context = cdk_json(CONTEXT | CHOICES[name])["context"]
        app = build_app(App(outdir=str(folder / name), context={**context, **REPORT_ONLY}), each)
        add_checkers(app, each)
        Validations.of(app).add_plugins(CloudFormationValidatePlugin())
        app.synth()
    checked = check([folder / name for name in CHOICES])
    return {name: (settings[name], each) for name, each in zip(CHOICES, checked, strict=True)}


def acknowledged(settings: Settings) -> list[Acknowledged]:
    """As they are in the settings' names."""
    return [
        Acknowledged(
            f"{settings.name}-{each.path}",
            rule.replace("{workshop}", settings.name).replace("{region}", settings.region),
            each.reason,
        )
        for each in ACKNOWLEDGEMENTS
        for rule in each.rules
    ]


@pytest.mark.parametrize("name", CHOICES)
def test_should_acknowledge_whatever_is_found(name: str, choices: dict[str, tuple[Settings, Checked]]) -> None:
    settings, checked = choices[name]
    assert checked.checkers == {"AwsSolutions", "CloudFormation Validate", "SageMakerRules", "cfn-lint", "checkov"}
    known = acknowledged(settings)
    assert [finding.line() for finding in checked.open if not any(each.covers(finding) for each in known)] == []


def test_should_acknowledge_nothing_that_no_checker_finds_any_more(
    choices: dict[str, tuple[Settings, Checked]],
) -> None:
    used = set()
    for settings, checked in choices.values():
        for number, each in enumerate(acknowledged(settings)):
            if any(each.covers(finding) for finding in checked.open):
                used.add(number)
    rules = [(each.path, rule) for each in ACKNOWLEDGEMENTS for rule in each.rules]
    assert [rule for number, rule in enumerate(rules) if number not in used] == []
    assert len(set(rules)) == len(rules)


def test_should_let_no_acknowledgement_cover_a_sibling() -> None:
    finding = Finding("a.template.json", "a/Role2/Resource", "checkov", "CKV_1", "", "")
    assert not Acknowledged("a/Role", "CKV_1", "").covers(finding)
    assert Acknowledged("a/Role2", "CKV_1", "").covers(finding)


def test_should_deploy_nothing_that_breaks_a_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real CLI, before it asks AWS for anything: a job without an end, and a bucket without TLS."""
    copy = copy_project(tmp_path / "project")
    for name, before, after in (
        ("infra/jobs.py", '{"MaxRuntimeInSeconds": job.max_runtime_minutes * 60}', "{}"),
        ("infra/storage.py", "enforce_ssl=True,\n            minimum_tls_version=1.2,", "enforce_ssl=False,"),
    ):
        text = (copy / name).read_text(encoding="utf-8")
        assert before in text
        (copy / name).write_text(text.replace(before, after), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_", "PYTEST"))}
    environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1", "PYTHONPATH": str(copy)}
    environment |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "CDK_DISABLE_CLI_TELEMETRY": "true"}
    call = [str(ROOT / "node_modules/.bin/cdk"), "deploy", "--all", "--require-approval", "never"]
    call += ["--app", f"{sys.executable} app.py"]
    done = subprocess.run(call, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "(SageMakerRules)" in done.stderr
    assert "(AwsSolutions)" in done.stderr
    assert "127.0.0.1" not in done.stderr
    assert main([str(copy / "cdk.out"), "--synthesis"]) == 1
    lines = capsys.readouterr().out.splitlines()
    for place, rule in (
        ("foundation.template.json: chitra-foundation/Storage/Bucket/Resource", "AwsSolutions-S10"),
        ("workflow.template.json: chitra-workflow/Workflow/StateMachine/Resource", "job-has-maximum-run-time"),
    ):
        assert [line for line in lines if line.startswith(f"chitra-{place}: {rule} (") and line.endswith(".")]


def test_should_write_no_acknowledgement_into_a_template(tmp_path: Path) -> None:
    """They are in the assembly's metadata: an edited reason deploys nothing."""
    settings = parse_settings(CONTEXT)
    app = build_app(App(outdir=str(tmp_path), context=cdk_json(CONTEXT)["context"]), settings)
    add_checks(app, settings)
    app.synth()
    assert "CKV_AWS_18" in (tmp_path / "chitra-foundation.metadata.json").read_text(encoding="utf-8")
    for template in tmp_path.glob("*.template.json"):
        assert "CKV_" not in template.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"] == []
