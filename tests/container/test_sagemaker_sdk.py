"""A client that nobody here wrote: the SageMaker Python SDK's local mode trains and serves with the image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.ports import free_port
from tests.container.conftest import ROOT

CATEGORIES = {"animals", "books", "cooking", "garden", "music", "science", "sports", "travel", "weather"}


def test_should_train_and_serve_in_local_mode(image: str, preprocessed: Path, tmp_path: Path) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("containers: there is no docker-compose")
    arguments = [image, str(preprocessed), "--port", str(free_port())]
    done = subprocess.run(
        [sys.executable, str(ROOT / "samples/sagemaker_local.py"), *arguments],
        env={
            **os.environ,
            "TMPDIR": str(tmp_path),
            "COMPOSE_PROJECT_NAME": tmp_path.name.lower(),
        },
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test accuracy" in done.stdout + done.stderr
    assert done.stdout.strip().splitlines()[-1].partition(":")[0] in CATEGORIES
