"""Every program of the project, called with something missing or wrong: one line that says so, and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = (
    "benchmarks",
    "checks",
    "chitra",
    "infra",
    "local_aws",
    "permissions",
    "preprocessing",
    "rehearsal",
    "review",
    "rules",
    "training_image",
    "workshop",
)
ELSEWHERE = {"workshop.cli": "tests/workshop/test_cli.py", "rehearsal.cli": "tests/workshop/test_cli.py"}
ELSEWHERE["rehearsal.local"] = "tests/rehearsal/test_local.py"
TAKES_NOTHING = set[str]()
NO_JOB = "SAGEMAKER_BASE_DIR: nosuch does not exist. SageMaker mounts a job's folder as /opt/ml; elsewhere, name one."

WRONG_CALLS = [
    (["benchmarks.accuracy"], "Missing argument 'corpus'"),
    (["benchmarks.preprocessing"], "Missing argument 'corpus'"),
    (["benchmarks.preprocessing", "nosuch"], "error: nosuch: no such corpus."),
    (["benchmarks.preprocessing", "notes.md"], "error: notes.md: holds no .tar.gz"),
    (["benchmarks.serving"], "Missing argument 'corpus'"),
    (["benchmarks.sizes"], "Missing argument 'corpus'"),
    (["benchmarks.sizes", "nosuch", "."], "error: nosuch: no such corpus."),
    (["benchmarks.training"], "Missing argument 'corpus'"),
    (["benchmarks.training", "nosuch"], "error: nosuch: no such corpus."),
    (["checks", "--synthesis", "nosuch"], "error: nosuch: holds no template. Run `make synth`."),
    (["local_aws"], "error: REHEARSAL_MODEL_DIR: is not set. A rehearsal starts this program: run `rehearse`."),
    (["permissions"], "error: name the file that LOCAL_AWS_RECORD named: `make permissions` does."),
    (["preprocessing"], f"error: {NO_JOB}"),
    (["preprocessing", "--seed", "many"], "error: argument --seed: invalid int value: 'many'"),
    (["rehearsal.docker_for_cdk"], "error: the following arguments are required: model, call"),
    (["review"], "error: no git repository is here"),
    (["training_image.train"], f"error: {NO_JOB}"),
    (["training_image.smoke"], f"error: {NO_JOB}"),
    (["training_image.supervise"], f"error: {NO_JOB}"),
    (["training_image.serve"], f"error: {NO_JOB}"),
    (["training_image.explain"], "error: the following arguments are required: folder"),
    (["training_image.explain", "nosuch"], "error: nosuch/tokenisation.json: is missing or no file of `train`"),
    (["training_image.predict"], "error: the following arguments are required: folder"),
    (["training_image.predict", "nosuch"], "error: nosuch/tokenisation.json: is missing or no file of `train`"),
    (["training_image.building.bundle"], "error: the following arguments are required: address, sha256, folder"),
    (["training_image.building.image_manifest"], "error: the following arguments are required: folder"),
    (["training_image.building.image_manifest", "nosuch"], "error: nosuch/manifest.json: does not exist"),
    (["training_image.building.slim"], "error: the following arguments are required: site_packages"),
    (["training_image.building.slim", "nosuch"], "error: argument site_packages: nosuch is no folder"),
]


def run(module: str, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("SAGEMAKER_", "CHITRA_", "REHEARSAL_"))
    }
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), "SAGEMAKER_BASE_DIR": "nosuch", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("call", "message"), WRONG_CALLS, ids=lambda value: " ".join(value) if isinstance(value, list) else None
)
def test_should_say_in_one_line_what_is_missing(call: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    done = run(*call, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if "rror" in line]) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["notes.md"]


def test_should_know_every_program() -> None:
    """One that is new here needs a line in ``WRONG_CALLS``."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py") if "__main__" in file.read_text("utf-8")]
    programs = {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__") for file in files}
    assert programs == {call[0] for call, _ in WRONG_CALLS} | ELSEWHERE.keys() | TAKES_NOTHING


@pytest.mark.parametrize("module", ["preprocessing", "training_image.train"])
def test_should_end_with_the_reason_where_no_report_can_be_written(module: str, tmp_path: Path, stand_in: Path) -> None:
    (tmp_path / "output").write_text("a file where SageMaker has a folder")
    done = run(module, cwd=tmp_path, SAGEMAKER_BASE_DIR=str(tmp_path), CHITRA_MODEL_DIR=str(stand_in))
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"warning: {tmp_path}/output/" in done.stderr


@pytest.mark.parametrize("content", ["[]", "{}", '{"hosts": ["a"], "current_host": "b"}', '{"hosts": 1}'])
def test_should_name_a_file_about_instances_that_is_none(content: str, tmp_path: Path, stand_in: Path) -> None:
    file = tmp_path / "config/resourceconfig.json"
    file.parent.mkdir()
    file.write_text(content)
    done = run("preprocessing", cwd=tmp_path, SAGEMAKER_BASE_DIR=str(tmp_path), CHITRA_MODEL_DIR=str(stand_in))
    assert done.returncode == 2, done.stderr
    assert f"error: {file}: does not say which of its hosts this is" in done.stderr


def test_should_name_a_port_that_is_none(trained: Path, tmp_path: Path) -> None:
    done = run("training_image.serve", cwd=tmp_path, SAGEMAKER_BASE_DIR=str(trained), SAGEMAKER_BIND_TO_PORT="http")
    assert done.returncode == 2, done.stderr
    assert "error: SAGEMAKER_BIND_TO_PORT: must be a port's number, not 'http'." in done.stderr


@pytest.mark.parametrize(("given", "asked"), [([], True), (["APPROVE=0"], True), (["APPROVE=1"], False)])
def test_should_ask_before_it_deploys_unless_told_not_to(given: list[str], asked: bool) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "deploy", *given], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "cdk deploy --all" in shown.stdout
    assert ("--require-approval never" not in shown.stdout) is asked


@pytest.mark.parametrize("asked", [["help"], []])
def test_should_tell_what_make_does_and_start_nothing(asked: list[str]) -> None:
    by_hand = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}  # and not by `make test`
    shown = subprocess.run(["make", *asked], cwd=ROOT, env=by_hand, capture_output=True, text=True, check=True).stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [targets] = [line.split(":")[1].split() for line in makefile.splitlines() if line.startswith(".PHONY:")]
    assert [line.split()[0] for line in shown.splitlines()] == targets
