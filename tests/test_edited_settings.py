"""The tests are green for whoever edited cdk.json: they bring settings of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.project import CONTEXT, copy_project

# Of every room that knows settings, what takes little time: whole files, a template, a command as a process.
READ_SETTINGS = (
    "tests/infra/test_settings.py",
    "tests/infra/test_jobs.py",
    "tests/infra/test_snapshots.py::test_should_keep_to_the_reviewed_template[participants]",
    "tests/workshop/test_doctor.py",
    "tests/workshop/teardown/test_teardown_states.py",
    "tests/workshop/test_cli.py::test_should_name_the_participants_of_cdk_json",
)
URI = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/somewhere@sha256:"
IMAGES = {"image_source": "uri", "image_uri": URI + "1" * 64, "cuda_image_uri": URI + "2" * 64}


def edited(changes: dict[str, Any]) -> dict[str, Any]:
    """Sections take single keys, lists and values are replaced."""
    context = deepcopy(CONTEXT)
    for key, value in changes.items():
        context[key] = context[key] | value if isinstance(value, dict) else value
    return context


EDITED: dict[str, dict[str, Any]] = {
    "other names and instances": {
        "name": "nlp-2026",
        "participants": ["tanaka", "suzuki", "Sato-3"],
        "preprocessing": {"instance_type": "ml.c5.xlarge", "instance_count": 3, "max_length": 256, "seed": 7},
        "training": {"instance_type": "ml.m5.2xlarge", "spot": True, "hyperparameters": {"epochs": 1, "seed": 7}},
        "endpoint": {"kind": "serverless", "memory_mb": 6144, "hours_to_live": 8},
    },
    "another region and an image from CodeBuild": {
        "region": "eu-west-1",
        "earlier_regions": ["us-west-2"],
        "retention_days": 30,
        "image_source": "codebuild",
        "power_user": True,
        "model": {"sha256": "0" * 64},
    },
    "images that exist": {"name": "b2", "region": "eu-west-1", **IMAGES},
}


@pytest.mark.parametrize("name", EDITED)
def test_should_be_green_with_an_edited_cdk_json(name: str, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project", edited(EDITED[name]), more=("tests", "pyproject.toml"))
    command = [sys.executable, "-m", "pytest", "-n0", "-q", *READ_SETTINGS]
    environment = {**os.environ, "PYTHONPATH": str(project)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
