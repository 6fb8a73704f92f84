"""Where the images of the stages come from, for all three values of image_source."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from infra.settings import SettingsError, parse_settings
from infra.stacks import build_app
from tests.helpers.project import CONTEXT, cdk_json
from tests.infra.conftest import Templates

REPOSITORY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/chitra"
URI = f"{REPOSITORY}@sha256:{'1' * 64}"
CUDA_URI = f"{REPOSITORY}@sha256:{'2' * 64}"
SOURCES: dict[str, dict[str, Any]] = {
    "local": {},
    "codebuild": {"image_source": "codebuild"},
    "uri": {"image_source": "uri", "image_uri": URI},
}
ON_CPUS: dict[str, Any] = {"training": {"instance_type": "ml.m5.xlarge"}}


def images_of(template: Any) -> dict[str, str]:
    """What each stage runs, as the parameters tell."""
    parameters = [each["Properties"] for each in template.find_resources("AWS::SSM::Parameter").values()]
    keys = {each["Name"].removeprefix("/chitra/"): each["Value"] for each in parameters}
    return {key: json.dumps(value) for key, value in keys.items() if key.endswith("image")}


def docker_images(context: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    """What `cdk deploy` builds, by target: source and destinations."""
    build_app(App(outdir=str(folder), context=cdk_json(context)["context"]), parse_settings(context)).synth()
    [manifest] = folder.glob("chitra-workflow.assets.json")
    images = json.loads(manifest.read_text())["dockerImages"].values()
    return {image["source"]["dockerBuildTarget"]: image for image in images}


@pytest.mark.parametrize(
    ("changes", "targets"),
    [
        ({}, ("cpu", "cuda", "cpu")),
        (ON_CPUS, ("cpu", "cpu", "cpu")),
        (ON_CPUS | {"endpoint": {"instance_type": "ml.g5.xlarge"}}, ("cpu", "cpu", "cuda")),
        ({"endpoint": {"instance_type": "ml.g4dn.xlarge"}}, ("cpu", "cuda", "cuda")),
        ({"endpoint": {"kind": "serverless", "instance_type": "ml.g5.xlarge"}}, ("cpu", "cuda", "cpu")),
        ({"preprocessing": {"instance_type": "ml.g4dn.xlarge"}}, ("cpu", "cuda", "cpu")),
    ],
)
def test_should_give_cuda_only_to_stages_with_a_gpu(
    changes: dict[str, Any], targets: tuple[str, ...], templates_with: Callable[[dict[str, Any]], Templates]
) -> None:
    template = templates_with(SOURCES["uri"] | {"cuda_image_uri": CUDA_URI} | changes)["workflow"]
    uris = [f'"{CUDA_URI if target == "cuda" else URI}"' for target in targets]
    assert images_of(template) == dict(zip(("image", "training-image", "endpoint-image"), uris, strict=True))


def test_should_run_the_one_image_that_is_given(templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    template = templates_with(SOURCES["uri"])["workflow"]
    assert set(images_of(template).values()) == {f'"{URI}"'}
    template.resource_count_is("AWS::ECR::Repository", 0)
    template.resource_count_is("AWS::CodeBuild::Project", 0)


def test_should_let_the_cdk_build_what_the_stages_run(
    tmp_path: Path, templates_with: Callable[[dict[str, Any]], Templates]
) -> None:
    built = docker_images(CONTEXT, tmp_path / "gpu")
    assert set(built) == {"cpu", "cuda"}
    run = images_of(templates_with({})["workflow"])
    for target, key in (("cpu", "image"), ("cuda", "training-image"), ("cpu", "endpoint-image")):
        [destination] = built[target]["destinations"].values()
        assert destination["imageTag"] in run[key]
    assert set(docker_images(CONTEXT | ON_CPUS, tmp_path / "cpus")) == {"cpu"}


def built_in_codebuild(template: Any) -> tuple[dict[str, str], list[str]]:
    """The project's variables and its commands."""
    [project] = template.find_resources("AWS::CodeBuild::Project").values()
    variables = project["Properties"]["Environment"]["EnvironmentVariables"]
    phases = json.loads(project["Properties"]["Source"]["BuildSpec"])["phases"]
    return {each["Name"]: each["Value"] for each in variables}, phases["build"]["commands"]


def test_should_build_in_codebuild_what_docker_would_build(
    templates_with: Callable[[dict[str, Any]], Templates],
) -> None:
    template = templates_with(SOURCES["codebuild"])["workflow"]
    template.has_resource_properties("AWS::ECR::Repository", {"RepositoryName": "chitra-image", "EmptyOnDelete": True})
    template.has_resource_properties("AWS::CodeBuild::Project", {"Environment": {"PrivilegedMode": True}})
    variables, commands = built_in_codebuild(template)
    assert variables["MODEL_ADDRESS"] == CONTEXT["model"]["address"]
    order = [("build", "cpu"), ("push", "cpu"), ("build", "cuda"), ("push", "cuda")]
    assert len(commands) == len(order)
    for command, (verb, target) in zip(commands, order, strict=True):
        assert command.startswith(f"docker {verb} ")
        assert f'"$REPOSITORY:{target}-$TAG"' in command
        assert verb == "push" or f"--target {target} " in command
    images = images_of(template)
    for key, target in (("image", "cpu"), ("training-image", "cuda"), ("endpoint-image", "cpu")):
        assert f":{target}-{variables['TAG']}" in images[key]


def test_should_build_one_image_in_codebuild_where_no_gpu_is(
    templates_with: Callable[[dict[str, Any]], Templates],
) -> None:
    template = templates_with(SOURCES["codebuild"] | ON_CPUS)["workflow"]
    assert len(built_in_codebuild(template)[1]) == 2
    assert len(set(images_of(template).values())) == 1


def test_should_call_another_model_another_image(templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    def tag(changes: dict[str, Any]) -> str:
        return built_in_codebuild(templates_with(SOURCES["codebuild"] | changes)["workflow"])[0]["TAG"]

    model = {"address": CONTEXT["model"]["address"], "sha256": "0" * 64}
    assert tag({}) != tag({"model": model})
    assert tag({}) == tag(ON_CPUS)  # what is there already keeps its name


def test_should_keep_a_model_of_your_own_out_of_the_asset(tmp_path: Path) -> None:
    model = {"address": "models/chiTra-1.0.tar.gz", "sha256": "0" * 64}
    for image in docker_images(CONTEXT | {"model": model}, tmp_path).values():
        source = image["source"]
        assert Path(source["dockerBuildContexts"]["models"]).name == "models"
        assert source["dockerBuildArgs"] == {"MODEL_ADDRESS": model["address"], "MODEL_SHA256": model["sha256"]}
        files = {file.name for file in (tmp_path / source["directory"] / "models").iterdir()}
        assert files == {".gitkeep"}


def test_should_send_no_model_of_your_own_to_codebuild() -> None:
    model = {"address": "models/chiTra-1.0.tar.gz", "sha256": "0" * 64}
    with pytest.raises(SettingsError, match="codebuild fetches the model itself"):
        parse_settings(CONTEXT | {"model": model, "image_source": "codebuild"})
