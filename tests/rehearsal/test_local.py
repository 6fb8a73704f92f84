"""A workshop on this machine that stays, as people use it: every command is a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from local_aws.runtime import Runtime
from local_aws.server import WORK_VARIABLE, LocalAws
from rehearsal.local_state import LocalState, write_state
from tests import secrets
from tests.helpers.project import CONTEXT, ROOT, copy_project, write_cdk_json

TWO = ["participant-1", "participant-2"]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CHITRA_"))}
LOCAL = f"{sys.executable} -m rehearsal.local"
WORKSHOP = f"{sys.executable} -m workshop.cli"
WHEN = "2026-11-25T10:00:00+00:00"
TEXT = "鍋で玉ねぎを炒めます。"


@dataclass(frozen=True)
class Desk:
    """A person in the project's folder, with a shell."""

    home: Path

    @property
    def files(self) -> Path:
        return self.home / "build/local"

    @property
    def state(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.files / "state.json").read_text(encoding="utf-8"))
        return content

    def type(self, line: str, code: int = 0, **variables: str) -> str:
        """What a line prints in a shell, after it ended with ``code``."""
        environment = {**CLEAN, "COLUMNS": "200", "CHITRA_WORKSHOP_FOLDER": str(self.home), **variables}
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.home, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def type_as(self, who: str, line: str, **variables: str) -> str:
        """The same in the environment of the organiser or a participant."""
        chosen = f" --as {who}" if who else ""
        return self.type(f'eval "$({LOCAL} env{chosen})" && {line}', **variables)


def group(number: int) -> list[psutil.Process]:
    """What lives of a process group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def servers(work: Path) -> list[psutil.Process]:
    """The local AWS whose jobs are in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(WORK_VARIABLE) == str(work):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(copy_project(tmp_path_factory.mktemp("desk") / "chitra", CONTEXT | {"participants": TWO}))
    try:
        shown = desk.type(f"{LOCAL} up")
        assert "Participants: participant-1, participant-2" in shown
        secrets.collect(desk.home)
        yield desk
    finally:
        desk.type(f"{LOCAL} down")


@pytest.fixture(scope="module")
def runs(desk: Desk) -> list[str]:
    """What each participant's screen shows; they do the same at the same time."""
    day = f"{WORKSHOP} run --endpoint -p epochs=1 && {WORKSHOP} predict {TEXT}"
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda who: desk.type_as(who, day, AWS_PROFILE="mine"), TWO))


@pytest.fixture(scope="module")
def model(desk: Desk, runs: list[str]) -> Path:
    """Of the first participant's run, taken home by the organiser."""
    [run] = [line.removeprefix("run ") for line in runs[0].splitlines() if line.startswith("run ")]
    desk.type_as("", f"{WORKSHOP} export {run}")
    return desk.home / "export" / run / "model"


def test_should_say_that_it_runs_and_how_it_is_used(desk: Desk) -> None:
    before = desk.state
    shown = desk.type(f"{LOCAL} up --corpus samples/corpus")
    assert "It runs already; --corpus, --model and --access were not used" in shown
    assert "local-aws shell --as participant-1" in shown
    assert desk.state == before
    assert {each.laddr.ip for each in psutil.Process(before["pid"]).net_connections() if each.status == "LISTEN"} == {
        "127.0.0.1"
    }
    assert sorted(file.name for file in (desk.files / "credentials").iterdir()) == [f"{who}.ini" for who in TWO]


def test_should_serve_two_participants_each_with_their_own_key(desk: Desk, runs: list[str]) -> None:
    for who, shown in zip(TWO, runs, strict=True):
        assert f"run chitra--{who}-" in shown
        assert f"endpoint chitra--{who}-" in shown.partition("deletes itself")[2]
        assert TEXT in shown
    status = desk.type(f"{LOCAL} status")
    assert all(f"chitra--{who}-" in status for who in TWO)
    assert "Running executions: none" in status


def test_should_let_the_cdk_see_what_it_deployed(desk: Desk) -> None:
    assert "no differences" in desk.type_as("", "cdk diff --fail").lower()


def test_should_answer_with_a_model_at_home_as_the_endpoint_did(desk: Desk, runs: list[str], model: Path) -> None:
    [answer] = [line for line in runs[0].splitlines() if TEXT in line]
    assert answer in desk.type(f"echo {TEXT} | {WORKSHOP} predict --model {model}")


def test_should_say_why_a_model_at_home_cannot_answer(desk: Desk, model: Path, tmp_path: Path) -> None:
    other = tmp_path / "model"
    shutil.copytree(model, other)
    with (other / "vocab.txt").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("##外\n")
    for name in ("onnxruntime", "torch"):  # whichever way the model is served
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name='{name}')")
    without = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    predict = f"{WORKSHOP} predict {TEXT}"
    assert "was trained with another tokenisation" in desk.type(f"{predict} --model {other}", 2)
    assert "torch: is not installed" in desk.type(f"{predict} --model {model}", 2, **without)
    assert "holds no tokenisation.json" in desk.type(f"{predict} --model {tmp_path}", 2)
    assert "--model: goes not with --endpoint" in desk.type(f"{predict} --model {model} --endpoint e", 2)


def test_should_open_a_shell_and_lead_back(desk: Desk) -> None:
    script = 'echo "$PS1 $AWS_SHARED_CREDENTIALS_FILE [$AWS_PROFILE]"; exit 7'
    shown = desk.type(f"echo '{script}' | {LOCAL} shell --as participant-2", 7, SHELL="/bin/sh", AWS_PROFILE="mine")
    assert f"(local-aws participant-2) $  {desk.files}/credentials/participant-2.ini []" in shown
    back = f'before=$PATH; eval "$({LOCAL} env)"; eval "$({LOCAL} env --unset)"; test "$PATH" = "$before" && env'
    assert "AWS_" not in desk.type(back)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("env --as sato", "participant 'sato': has no key of this local workshop; participant-1, participant-2 have."),
        (
            "shell --as sato",
            "participant 'sato': has no key of this local workshop; participant-1, participant-2 have.",
        ),
        ("env --as participant-1 --unset", "--unset: goes not with --as."),
    ],
)
def test_should_explain_a_mistake_in_one_line(desk: Desk, arguments: str, message: str) -> None:
    assert desk.type(f"{LOCAL} {arguments}", 2) == f"error: {message}\n"


def test_should_end_what_a_killed_local_aws_left(desk: Desk, runs: list[str]) -> None:
    number = desk.state["pid"]
    leader = psutil.Process(number)
    leader.kill()
    psutil.wait_procs([leader], timeout=10)
    assert len(group(number)) == len(TWO)  # the endpoints
    for command in ("status", "env", "shell"):
        assert "has ended by itself; what was on it is lost" in desk.type(f"{LOCAL} {command}", 1)
    assert "has ended (processes: 2)" in desk.type(f"{LOCAL} down")
    assert group(number) == []
    assert not (desk.files / "state.json").exists()
    assert not (desk.files / "credentials").exists()
    assert "No local workshop runs." in desk.type(f"{LOCAL} down")


def test_should_leave_another_program_with_its_number_alone(tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    desk = Desk(tmp_path)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        write_state(desk.files, LocalState(other.pid, 1, "ap-northeast-1", "model", {}, WHEN))
        assert "has ended by itself" in desk.type(f"{LOCAL} status", 1, PYTHONPATH=str(ROOT))
        desk.type(f"{LOCAL} down", PYTHONPATH=str(ROOT))
        assert other.poll() is None
        other.kill()
    assert not (desk.files / "state.json").exists()


def test_should_start_anew_after_a_teardown_and_leave_nothing_when_it_is_interrupted(
    tmp_path: Path, stand_in: Path
) -> None:
    write_cdk_json(tmp_path)
    desk = Desk(tmp_path)
    command = [sys.executable, "-um", "rehearsal.local", "up"]
    variables = {"PYTHONPATH": str(ROOT), "CHITRA_WORKSHOP_FOLDER": str(tmp_path)}
    with LocalAws(desk.files, runtime=Runtime(stand_in), region="ap-northeast-1") as empty:
        write_state(desk.files, LocalState(empty.pid, empty.port, empty.region, "model", {}, WHEN))
        assert "Its workshop was torn down." in desk.type(f"{LOCAL} status", **variables)
        with subprocess.Popen(
            command, env=CLEAN | variables, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as up:
            assert up.stdout is not None
            assert "torn down: it starts anew" in up.stdout.readline()
            assert any("Start the local AWS" in line for line in up.stdout)
            assert group(empty.pid) == []
            assert len(servers(desk.files / "jobs")) == 1
            os.killpg(up.pid, signal.SIGINT)
            assert "interrupted" in up.stdout.read()
            assert up.wait() == 130
    assert servers(desk.files / "jobs") == []
    assert not (desk.files / "state.json").exists()
