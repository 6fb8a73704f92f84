"""Three participants at once, on an account with quotas: everybody gets their own model, and nothing is left.

With access ``scoped``, or with the one that ``ACCESS`` names in the environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.project import ACCESS, ROOT, write_cdk_json

PARTICIPANTS = 3


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    home = tmp_path_factory.mktemp("crowd")
    write_cdk_json(home)
    command = [sys.executable, "-m", "rehearsal.cli", "crowd", "--participants", str(PARTICIPANTS)]
    command += ["--access", ACCESS]
    done = subprocess.run(
        [*command, "--folder", str(home)], cwd=ROOT, capture_output=True, text=True, timeout=580, check=False
    )
    return home / "build/crowd", done


def test_should_serve_everybody_and_leave_nothing(crowd: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = crowd
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report == report | {
        "participants": PARTICIPANTS,
        "finished": PARTICIPANTS,
        "failed": 0,
        "preprocessing_jobs": 1,
        "leftovers": 0,
    }
    assert set(report) - {"participants", "finished", "failed", "preprocessing_jobs", "leftovers"} == {
        "waited_seconds",
        "throttled_calls",
        "seconds",
    }
    # Two wait for the dataset; that runs wait for a place to train, tests/local_aws/test_quotas.py shows.
    assert report["waited_seconds"] > 0
    assert report["seconds"] > 0
    assert (folder / "waiting.png").stat().st_size > 10_000


def test_should_give_each_a_model_of_their_own(crowd: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Everybody's numbers start from another seed, so no two models answer alike."""
    folder, _ = crowd
    logs = [file.read_text(encoding="utf-8") for file in (folder / "logs").iterdir()]
    assert len(logs) == PARTICIPANTS
    answers = {
        log[log.rindex("Done\n") :].partition("\n")[2].split("\n", 2)[2].rpartition("endpoint ")[0] for log in logs
    }
    assert len(answers) == PARTICIPANTS
    runs = {line for log in logs for line in log.splitlines() if line.startswith("run chitra--participant-")}
    assert len(runs) == PARTICIPANTS
