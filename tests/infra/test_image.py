"""Where the image comes from, for all three values of image_source."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.image import target
from infra.settings import SettingsError, parse_settings
from infra.stacks import build_app
from tests.helpers.project import CONTEXT, cdk_json
from tests.infra.conftest import Templates

URI = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chitra:1"
SOURCES: dict[str, dict[str, Any]] = {
    "local": {},
    "codebuild": {"image_source": "codebuild"},
    "uri": {"image_source": "uri", "image_uri": URI},
}


def image_of(template: Any) -> str:
    """What jobs and endpoints run, as the parameter that tells it says."""
    parameters = template.find_resources("AWS::SSM::Parameter").values()
    [value] = [each["Properties"]["Value"] for each in parameters if each["Properties"]["Name"] == "/chitra/image"]
    return json.dumps(value)


def test_should_run_the_image_that_is_given(templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    template = templates_with(SOURCES["uri"])["workflow"]
    assert image_of(template) == f'"{URI}"'
    template.resource_count_is("AWS::ECR::Repository", 0)
    template.resource_count_is("AWS::CodeBuild::Project", 0)


def test_should_build_in_codebuild_what_docker_would_build(
    templates_with: Callable[[dict[str, Any]], Templates],
) -> None:
    template = templates_with(SOURCES["codebuild"])["workflow"]
    template.has_resource_properties("AWS::ECR::Repository", {"RepositoryName": "chitra-image", "EmptyOnDelete": True})
    [project] = template.find_resources("AWS::CodeBuild::Project").values()
    environment = project["Properties"]["Environment"]
    variables = {each["Name"]: each["Value"] for each in environment["EnvironmentVariables"]}
    assert environment["PrivilegedMode"] is True
    assert variables["MODEL_ADDRESS"] == CONTEXT["model"]["address"]
    assert variables["TARGET"] == "cuda"
    commands = json.loads(project["Properties"]["Source"]["BuildSpec"])["phases"]["build"]["commands"]
    assert all("$REPOSITORY:$TAG" in command for command in commands)
    assert f":{variables['TAG']}" in image_of(template)


def test_should_call_another_model_or_target_another_image(
    templates_with: Callable[[dict[str, Any]], Templates],
) -> None:
    def tag(changes: dict[str, Any]) -> str:
        template = templates_with({**SOURCES["codebuild"], **changes})["workflow"]
        [project] = template.find_resources("AWS::CodeBuild::Project").values()
        variables = project["Properties"]["Environment"]["EnvironmentVariables"]
        return str(next(each["Value"] for each in variables if each["Name"] == "TAG"))

    model = {"address": CONTEXT["model"]["address"], "sha256": "0" * 64}
    on_cpu = {"training": {"instance_type": "ml.m5.xlarge"}}
    assert len({tag({}), tag({"model": model}), tag(on_cpu)}) == 3
    assert tag({}) == tag({})


@pytest.mark.parametrize(
    ("training", "endpoint", "expected"),
    [
        ("ml.m5.xlarge", "ml.m5.xlarge", "cpu"),
        ("ml.g4dn.xlarge", "ml.m5.xlarge", "cuda"),
        ("ml.c7i.xlarge", "ml.g5.xlarge", "cuda"),
        ("ml.g6.4xlarge", "ml.t2.medium", "cuda"),
        ("ml.p5.48xlarge", "ml.c5.large", "cuda"),
    ],
)
def test_should_hold_cuda_where_a_gpu_is(training: str, endpoint: str, expected: str) -> None:
    changes = {"training": {"instance_type": training}, "endpoint": {"instance_type": endpoint}}
    assert target(parse_settings(CONTEXT | changes)) == expected


def test_should_keep_a_model_of_your_own_out_of_the_asset(tmp_path: Path) -> None:
    model = {"address": "models/chiTra-1.0.tar.gz", "sha256": "0" * 64}
    context = CONTEXT | {"model": model}
    build_app(App(outdir=str(tmp_path), context=cdk_json(context)["context"]), parse_settings(context)).synth()
    [manifest] = tmp_path.glob("chitra-workflow.assets.json")
    [image] = json.loads(manifest.read_text())["dockerImages"].values()
    assert Path(image["source"]["dockerBuildContexts"]["models"]).name == "models"
    assert image["source"]["dockerBuildArgs"] == {"MODEL_ADDRESS": model["address"], "MODEL_SHA256": model["sha256"]}
    files = {file.name for file in (tmp_path / image["source"]["directory"] / "models").iterdir()}
    assert files == {".gitkeep"}


def test_should_send_no_model_of_your_own_to_codebuild() -> None:
    model = {"address": "models/chiTra-1.0.tar.gz", "sha256": "0" * 64}
    with pytest.raises(SettingsError, match="codebuild fetches the model itself"):
        parse_settings(CONTEXT | {"model": model, "image_source": "codebuild"})
