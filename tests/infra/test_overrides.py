"""Settings given with a call are typed and checked like those of cdk.json."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import overrides
from infra.overrides import settings_of_call
from infra.settings import CONTEXT_KEY, SettingsError
from tests.helpers.project import CONTEXT, ROOT, cdk_json, copy_project


def call(**given: Any) -> dict[str, Any]:
    """What the CDK CLI hands over."""
    own = {"aws:cdk:enable-path-metadata": True, "@aws-cdk/aws-iam:minimizePolicies": True}
    return {CONTEXT_KEY: CONTEXT, **own, **{key.replace("__", "."): value for key, value in given.items()}}


def test_should_leave_the_settings_of_cdk_json_as_they_are_where_nothing_is_given() -> None:
    assert settings_of_call(call()) == settings_of_call({CONTEXT_KEY: CONTEXT})


def test_should_take_texts_numbers_truths_and_lists() -> None:
    given = {
        "workshop__region": "us-east-1",
        "workshop__training__max_runtime_minutes": "30",
        "workshop__training__hyperparameters__epochs": "2",
        "workshop__power_user": "true",
        "workshop__participants": '["a", "b"]',
        "workshop__endpoint__memory_mb": "2048",
    }
    settings = settings_of_call(call(**given))
    assert (settings.region, settings.power_user, settings.participants) == ("us-east-1", True, ["a", "b"])
    assert (settings.training.max_runtime_minutes, settings.training.hyperparameters["epochs"]) == (30, 2)
    assert settings.endpoint.memory_mb == 2048
    assert settings_of_call(call()).region == CONTEXT["region"]


def test_should_leave_alone_what_the_cdk_cli_reads_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has switched its telemetry off has such a file."""
    own = tmp_path / ".cdk.json"
    own.write_text(json.dumps({"context": {"cli-telemetry": False}}), encoding="utf-8")
    with pytest.raises(SettingsError, match="-c cli-telemetry: is no setting"):
        settings_of_call(call(**{"cli-telemetry": False}))
    monkeypatch.setattr(overrides, "CONTEXT_FILES", (*overrides.CONTEXT_FILES, own))
    assert settings_of_call(call(**{"cli-telemetry": False})) == settings_of_call(call())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("workshop.regoin", "us-east-1", "-c workshop.regoin: is no setting; remove it or mend its spelling"),
        ("workshop.regoin", "us-east-1", "Did you mean region?"),
        ("workshop.trainig.spot", "true", "Did you mean training?"),
        ("workshop.region", "Tokyo", "-c workshop.region: should match pattern"),
        ("workshop.training.volume_gb", "much", "-c workshop.training.volume_gb: Input should be a valid integer"),
        ("workshop.name.first", "a", "-c workshop.name.first: workshop.name holds no settings of its own."),
        (
            "region",
            "us-east-1",
            "-c region: is no setting; settings are given as workshop.KEY. Did you mean workshop.region?",
        ),
        ("workshp.region", "us-east-1", "Did you mean workshop.region?"),
        ("workshop", "chitra", "cdk.json: workshop: "),
    ],
)
def test_should_name_a_key_that_cannot_be_used_and_the_nearest(key: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of_call(call() | {key: value})
    assert message in str(caught.value)


def test_should_still_blame_cdk_json_for_what_stands_there() -> None:
    wrong = call() | {CONTEXT_KEY: CONTEXT | {"retention_days": 2}, "workshop.region": "us-east-1"}
    with pytest.raises(SettingsError, match=r"^cdk\.json: workshop\.retention_days: "):
        settings_of_call(wrong)


def test_should_override_a_setting_through_the_cdk_itself(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    document = cdk_json(CONTEXT)
    document["context"]["team"] = "ours"  # not ours to judge
    (folder / "cdk.json").write_text(json.dumps(document))

    def synth(*given: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{ROOT}/node_modules/.bin:{ROOT}/.venv/bin:{os.environ['PATH']}"}
        environment |= {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_HOME": str(tmp_path / "home")}
        return subprocess.run(
            ["cdk", "synth", "--quiet", *given],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    done = synth("-c", "workshop.region=eu-west-1", "-c", "workshop.image_source=codebuild")
    assert done.returncode == 0, done.stderr
    assert "eu-west-1" in (folder / "cdk.out/chitra-foundation.template.json").read_text()
    refused = synth("-c", "workshop.regoin=eu-west-1")
    assert refused.returncode == 1
    assert "-c workshop.regoin: is no setting; remove it or mend its spelling, not 'eu-west-1'" in refused.stderr
