"""The whole journey on the sample corpus, with the real CDK CLI, as `make run` makes it.

Where a Docker engine runs, `cdk deploy` builds the image and pushes it, and jobs and endpoints run from there; the
tests of an interruption and of a failure run jobs as processes, everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from local_aws.engine import docker, engine_problem
from local_aws.record import VARIABLE
from rehearsal.rehearse import STEPS
from tests import secrets
from tests.helpers.project import ACCESS_OF_DAYS, ROOT, write_cdk_json
from tests.helpers.recording import not_in_the_table, record_file

ROUNDED = 0.1  # an endpoint may compute in fewer bits than the report did


def command(*arguments: str, folder: Path, runtime: str = "--no-docker") -> list[str]:
    """A rehearsal that writes to ``folder``, which is the build/rehearsal of a workshop's folder."""
    home = folder.parent.parent
    home.mkdir(exist_ok=True)
    write_cdk_json(home)
    program = "import rehearsal.rehearse as r; from rehearsal.cli import main; main()"
    options = ["--folder", str(home), runtime, "--access", ACCESS_OF_DAYS]
    return [sys.executable, "-c", program, *options, *arguments]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("rehearsal") / "build/rehearsal"
    folder.parent.mkdir()
    call = command(folder=folder, runtime="--no-docker" if engine_problem() else "--docker")
    english = {**os.environ, "LC_ALL": "C.UTF-8", VARIABLE: str(record_file(folder.parent))}
    done = subprocess.run(call, cwd=ROOT, env=english, capture_output=True, text=True, timeout=580, check=False)
    return folder, done


def test_should_pass_and_leave_nothing(rehearsal: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = rehearsal
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["passed"] is True
    assert report["leftovers"] == []
    assert report["runtime"] == ("process" if engine_problem() else "docker")
    assert {step["status"] for step in report["steps"]} == {"passed"}
    assert len(report["steps"]) == STEPS
    assert report["corpus"] == {"articles": 378, "categories": 9, "train": 302, "validation": 38, "test": 38}
    assert report["model"] == {"name": "chitra-stand-in", "stand_in": True}
    assert set(report["evaluation"]) == {"accuracy", "macro_f1", "baseline_accuracy"}
    assert len(report["predictions"]) == 6


def test_should_call_only_what_the_table_of_permissions_lists(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    assert not_in_the_table(record_file(rehearsal[0].parent)) == []


def test_should_deploy_the_reviewed_assets_and_leave_no_image(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """The rehearsed assets ask for chiTra-1.0 and, for training, the CUDA target, whatever was built here."""
    [file] = (rehearsal[0] / "cdk.out").glob("*-workflow.assets.json")
    images = json.loads(file.read_text(encoding="utf-8"))["dockerImages"]
    assert {image["source"]["dockerBuildTarget"] for image in images.values()} == {"cpu", "cuda"}
    for digest, image in images.items():
        assert image["source"]["dockerBuildArgs"]["MODEL_ADDRESS"].endswith("chiTra-1.0.tar.gz")
        assert engine_problem() or digest not in docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout


def test_should_predict_through_the_endpoint_what_training_predicted(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = rehearsal
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    lines = (folder / "export/report/predictions.jsonl").read_text(encoding="utf-8").splitlines()
    evaluated = [json.loads(line) for line in lines]
    for prediction in report["predictions"][:5]:
        assert any(
            row["predicted"] == prediction["predicted"]
            and abs(row["score"] - prediction["score"]) < 0.1  # in fewer bits
            for row in evaluated
        )


def test_should_export_what_participants_take_home(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = rehearsal
    for name in (
        "model/model.safetensors",
        "model/tokenisation.json",
        "report/metrics.json",
        "report/confusion_matrix.png",
        "datasets/raw/manifest.json",
        "datasets/test/dataset_info.json",
    ):
        assert (folder / "export" / name).is_file(), name


def test_should_write_the_page_of_the_run_with_its_steps(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    page = (rehearsal[0] / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    for text in ("chitra-stand-in", "Learning curve", "Tear down", "Left in the account", "training job, as billed"):
        assert text in page


def test_should_not_print_or_keep_the_participants_secret(
    rehearsal: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = rehearsal
    private = list((folder / "credentials").iterdir())
    assert {file.suffix for file in private} == {".ini", ".md"}
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    secrets.collect(folder)
    assert secrets.ISSUED
    assert secrets.leaks(folder) == []
    assert not [secret for secret in secrets.ISSUED if secret in done.stdout + done.stderr]


def test_should_write_a_receipt_of_the_teardown(rehearsal: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    [receipt] = (rehearsal[0] / "receipts").glob("*.json")
    content = json.loads(receipt.read_text(encoding="utf-8"))
    assert content["nothing_remains"]
    assert content["remaining"] == content["not_seen"] == content["left_alone"] == []
    kinds = [entry["kind"] for entry in content["deleted"]]
    assert {"access keys of", "endpoint", "model", "schedule", "contents of bucket", "stack"} <= set(kinds)
    assert kinds.count("image") == 2
    assert "NOTHING REMAINS" in receipt.with_suffix(".txt").read_text(encoding="utf-8")


def processes_of(folder: Path) -> list[str]:
    listing = subprocess.check_output(["ps", "-Aww", "-o", "args"], text=True)
    return [line for line in listing.splitlines() if str(folder) in line]


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def children_with(parent: int, module: str) -> list[psutil.Process]:
    """All that a process started, and what that started, once a program of theirs is at work."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = psutil.Process(parent).children(recursive=True)
        for child in children:
            with contextlib.suppress(psutil.Error):
                if module in child.cmdline():
                    return children
        time.sleep(0.05)
    raise AssertionError(f"{module} was not started")


def test_should_stop_every_process_at_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "build/rehearsal"
    process = subprocess.Popen(
        command(folder=folder), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Upload the corpus" in line:
            break
    children_with(process.pid, "preprocessing")
    time.sleep(1)  # the rehearsal looks every half a second; the job takes two at least
    children = children_with(process.pid, "local_aws")
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read()
    assert process.wait(60) == 130, rest
    assert "interrupted during step 'Preprocessing job'; every process was stopped" in rest
    assert not [child for child in children if lives(child)]
    assert processes_of(folder) == []
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["passed"] is False
    assert report["steps"][-1]["status"] == "interrupted"


def test_should_keep_the_last_results_when_there_is_nothing_to_rehearse(tmp_path: Path) -> None:
    folder = tmp_path / "build/rehearsal"
    (folder / "export").mkdir(parents=True)
    (folder / "export/model.tar.gz").write_text("paid for")
    call = command("--corpus", "nosuch", folder=folder)
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2
    assert "nosuch: no such corpus" in done.stderr
    assert (folder / "export/model.tar.gz").read_text() == "paid for"


def test_should_name_the_failed_step_and_the_way_out(tmp_path: Path) -> None:
    """A training job that fails for a bad setting: the line names the step, the job's reason and the log."""
    folder = tmp_path / "build/rehearsal"
    broken = command(folder=folder)
    broken[2] = broken[2].replace(
        "from rehearsal.cli", "r.stand_in_hyperparameters = lambda articles: {'epochs': 'many'}; from rehearsal.cli"
    )
    done = subprocess.run(broken, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "step 'Training job'" in done.stderr
    assert "hyperparameter epochs: " in done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert (report["passed"], report["steps"][-1]["status"]) == (False, "failed")
    assert (folder / "report.html").is_file()
