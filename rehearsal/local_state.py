"""What is known of a local workshop in the background: its state file, and whether its process is still there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil

from chitra.files import write_whole
from local_aws.server import STOP_SECONDS, WORK_VARIABLE

CREDENTIALS = "credentials"
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class LocalState:
    """``pid`` is the local AWS's process, and the group of all that it starts; ``hyperparameters`` are those that the
    stand-in learns well with; ``model`` is a folder; ``started`` is in ISO format, UTC."""

    pid: int
    port: int
    region: str
    model: str
    hyperparameters: dict[str, str]
    started: str

    @property
    def since(self) -> datetime:
        """In this machine's time zone."""
        return datetime.fromisoformat(self.started).astimezone()


def local_folder(home: Path) -> Path:
    """Of everything that the local workshop of the folder ``home`` writes."""
    return home / "build" / "local"


def state_file(folder: Path) -> Path:
    return folder / "state.json"


def write_state(folder: Path, state: LocalState) -> None:
    write_whole(state_file(folder), json.dumps(asdict(state), indent=2) + "\n")


def read_state(folder: Path) -> LocalState | None:
    """None where there is no state file, or one that nobody can read."""
    try:
        return LocalState(**json.loads(state_file(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def participants(folder: Path) -> list[str]:
    """Those who were given a key, in the order of their names."""
    return sorted(file.stem for file in (folder / CREDENTIALS).glob("*.ini"))


def is_running(folder: Path, state: LocalState) -> bool:
    """Whether the local AWS is there. Another program may have its process id by now."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(state.pid)
        return _is_alive(process) and process.environ().get(WORK_VARIABLE) == str(folder / "jobs")
    return False


def end_processes(folder: Path, state: LocalState) -> int:
    """End the local AWS with all jobs and endpoints, also where it is gone and they are not; returns how many ended."""
    server = is_running(folder, state)
    if not server and _is_another_program(state.pid):
        return 0
    count = sum(1 for _ in _group(state.pid))
    if server:
        os.killpg(state.pid, signal.SIGTERM)
        _wait(lambda: not is_running(folder, state))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(state.pid, signal.SIGKILL)
    _wait(lambda: not any(_group(state.pid)))
    return count


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)


def _is_another_program(pid: int) -> bool:
    """A process id is not given to somebody else while a member of the group of that number lives."""
    with contextlib.suppress(psutil.Error):
        return _is_alive(psutil.Process(pid))
    return False


def _group(number: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == number and _is_alive(process):
                yield process


def _is_alive(process: psutil.Process) -> bool:
    return bool(process.status() != psutil.STATUS_ZOMBIE)
