"""The whole journey in containers: `cdk deploy` builds the image and pushes it, jobs and endpoints run from there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rehearsal.docker_for_cdk import adapted
from rehearsal.engine import docker
from tests.e2e.test_rehearsal import ROOT, command


def test_should_change_only_what_this_machine_lacks() -> None:
    call = ["build", "--build-arg", "MODEL_ADDRESS=https://x/m.tar.gz", "--build-arg", "MODEL_SHA256=ab", "--tag", "t"]
    call += ["--target", "cuda", "--file", "training_image/Dockerfile", "."]
    changed = adapted(call, Path("/models/stand-in"))
    assert changed == [
        *("build", "--build-context", "models=/models"),
        *("--build-arg", "MODEL_ADDRESS=models/stand-in", "--build-arg", "MODEL_SHA256=", "--tag", "t"),
        *("--target", "cpu", "--file", "training_image/Dockerfile", "."),
    ]
    assert adapted(["push", "localhost:1/a:b"], Path("m")) == ["push", "localhost:1/a:b"]
    assert adapted(["login", "--username", "AWS"], Path("m")) == []


@pytest.fixture(scope="module")
def folder(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a rehearsal; ``image`` sees to an engine with the layers in its cache."""
    folder = tmp_path_factory.mktemp("rehearsal") / "build"
    call = ["--docker" if word == "--no-docker" else word for word in command(folder=folder)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_should_pass_in_containers_and_leave_nothing(folder: Path) -> None:
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert (report["passed"], report["runtime"], report["leftovers"]) == (True, "docker", [])
    assert {step["status"] for step in report["steps"]} == {"passed"}
    assert "Docker containers" in (folder / "report.html").read_text(encoding="utf-8")


def test_should_deploy_the_reviewed_assets(folder: Path) -> None:
    """The rehearsed assets ask for the CUDA target and chiTra-1.0, as cdk.json does."""
    [file] = (folder / "cdk.out").glob("*-workflow.assets.json")
    [image] = json.loads(file.read_text(encoding="utf-8"))["dockerImages"].values()
    assert image["source"]["dockerBuildTarget"] == "cuda"
    assert image["source"]["dockerBuildArgs"]["MODEL_ADDRESS"].endswith("chiTra-1.0.tar.gz")


def test_should_leave_no_image_behind(folder: Path) -> None:
    [file] = (folder / "cdk.out").glob("*-workflow.assets.json")
    [digest] = json.loads(file.read_text(encoding="utf-8"))["dockerImages"]
    names = docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout
    assert digest not in names
