"""One folder holds a workshop's settings, credentials, receipts and exports, wherever its commands are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import FOLDER_VARIABLE
from tests.helpers.leftovers import ACCOUNT, REGION
from tests.helpers.moto_server import Moto
from tests.helpers.project import CONTEXT, ROOT, SETTINGS, write_cdk_json
from tests.workshop.test_moto import RUN, bootstrap, deploy, furnish


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Where commands are called; it has nothing to do with the workshop."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout of its own, whose packages PYTHONPATH puts before those that are installed."""
    folder = tmp_path / "project"
    for room in ("chitra", "infra", "rules", "workshop"):
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    write_cdk_json(folder)
    return folder


def run(module: str, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200"} | variables,
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def named(folder: Path, name: str) -> Path:
    """A folder with settings of another workshop's participant, ``name``."""
    folder.mkdir()
    write_cdk_json(folder, {**CONTEXT, "participants": [name]})
    return folder


def test_should_keep_secrets_and_a_teardowns_journal_in_the_project(moto: Moto, project: Path, elsewhere: Path) -> None:
    settings = SETTINGS
    bootstrap(moto)
    deploy(moto, settings)
    furnish(moto, settings)
    sqs = moto.client("sqs")
    queue = sqs.create_queue(QueueName="letters", tags={"workshop": settings.name})["QueueUrl"]

    def workshop(*arguments: str, code: int = 0, cwd: Path = elsewhere) -> str:
        done = moto.workshop(*arguments, cwd=cwd, PYTHONPATH=str(project), **{FOLDER_VARIABLE: ""})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    assert f"{project}/credentials/participant-1.ini" in workshop("credentials", "participant-1")
    assert "credentials/participant-1.ini" in workshop("credentials", "participant-1", "--rotate", cwd=project)
    assert (project / "credentials/participant-1.ini").is_file()
    workshop("export", RUN)
    assert (project / f"export/{RUN}/weights.bin").is_file()

    workshop("teardown", "--yes", "--settle", "0", code=1)  # the queue stays
    journal = project / f"receipts/{settings.name}-{ACCOUNT}.unfinished.jsonl"
    assert journal.is_file()
    assert list(elsewhere.iterdir()) == []

    sqs.delete_queue(QueueUrl=queue)
    workshop("verify", cwd=project)
    assert "receipt: receipts/" in workshop("teardown", "--yes", "--settle", "0", cwd=project)
    assert not journal.exists()
    receipts = [json.loads(file.read_text()) for file in (project / "receipts").glob("*.json")]
    [final] = [content for content in receipts if content["nothing_remains"]]
    assert {"endpoint", "stack"} <= {entry["kind"] for entry in final["deleted"]}
    assert final["regions"] == [REGION]


def test_should_export_to_where_the_caller_is_when_told_so(moto: Moto, elsewhere: Path) -> None:
    settings = SETTINGS
    bootstrap(moto)
    deploy(moto, settings)
    furnish(moto, settings)
    assert moto.workshop("export", RUN, "--output", "home", cwd=elsewhere).returncode == 0
    assert (elsewhere / f"home/{RUN}/weights.bin").is_file()
    assert not (moto.folder / "export").exists()


@pytest.mark.parametrize("how", ["project", "option", "variable", "both"])
def test_should_unpack_a_model_into_the_workshops_folder(
    how: str, project: Path, elsewhere: Path, stand_in: Path, tmp_path: Path
) -> None:
    option, variable = tmp_path / "option", tmp_path / "variable"
    for folder in (option, variable):
        folder.mkdir()
    arguments = ["--folder", "../option"] if how in ("option", "both") else []
    variables = {"PYTHONPATH": str(project), FOLDER_VARIABLE: str(variable) if how in ("variable", "both") else ""}
    done = run("workshop.cli", "fetch", "model", "--from", str(stand_in), *arguments, cwd=elsewhere, **variables)
    assert done.returncode == 0, done.stderr
    expected = {"project": project, "option": option, "variable": variable, "both": option}[how]
    assert f"{expected}/build/models/chiTra-1.0: ready" in done.stdout
    assert [folder for folder in (project, option, variable) if (folder / "build").exists()] == [expected]
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("how", ["option", "variable"])
def test_should_read_the_settings_of_the_workshops_folder(how: str, elsewhere: Path, tmp_path: Path) -> None:
    folder = named(tmp_path / "another", "somebody")
    arguments = ["--folder", str(folder)] if how == "option" else []
    variables = {FOLDER_VARIABLE: str(folder)} if how == "variable" else {}
    done = run("workshop.cli", "credentials", *arguments, cwd=elsewhere, **variables)
    assert done.returncode == 2
    assert "In cdk.json are: somebody." in done.stderr


def test_should_name_a_folder_that_is_none(elsewhere: Path) -> None:
    empty = run("workshop.cli", "run", "--folder", ".", cwd=elsewhere)
    assert empty.returncode == 2
    assert empty.stderr == (
        f"error: {elsewhere}/cdk.json: does not exist. Name the folder that holds it: --folder, or {FOLDER_VARIABLE}.\n"
    )
    missing = run("workshop.cli", "run", cwd=elsewhere, **{FOLDER_VARIABLE: "nosuch"})
    assert missing.returncode == 2
    assert FOLDER_VARIABLE in missing.stderr
    assert "nosuch" in missing.stderr
    assert "Traceback" not in missing.stderr


@pytest.mark.parametrize("command", [["run"], ["teardown"], ["fetch", "model"], ["endpoint", "extend"]])
def test_should_name_the_variable_in_its_help(command: list[str], elsewhere: Path) -> None:
    assert FOLDER_VARIABLE in run("workshop.cli", *command, "--help", cwd=elsewhere).stdout


def test_should_build_a_stand_in_in_the_workshops_folder(elsewhere: Path, sample_corpus: Path, tmp_path: Path) -> None:
    folder = named(tmp_path / "another", "somebody")
    corpus = os.path.relpath(sample_corpus, elsewhere)
    done = run("rehearsal.cli", "stand-in", "--corpus", corpus, cwd=elsewhere, **{FOLDER_VARIABLE: str(folder)})
    assert done.returncode == 0, done.stderr
    assert (folder / "build/stand-in/vocab.txt").is_file()
    assert list(elsewhere.iterdir()) == []
