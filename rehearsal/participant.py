"""One participant's day by the workshop's own commands: each a process with the participant's access key."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chitra.errors import WorkshopError
from workshop.aws.advice import AWS_ERRORS

TEXTS = (
    "延長戦の末に代表チームが勝ち、監督は全員の守備をたたえました。",
    "玉ねぎを飴色になるまで炒め、弱火で二十分ほど煮込みます。",
    "主演の二人が舞台あいさつに立ち、撮影中の思い出を語りました。",
    "新しい端末は電池が長もちし、片手でも操作しやすい大きさです。",
    "友人の結婚式に着ていく服を、週末に姉と選びに行きました。",
)
RUN_LINE = re.compile(r"^run (\S+)$", re.MULTILINE)
ENDPOINT_LINE = re.compile(r"^endpoint (\S+)$", re.MULTILINE)
ANSWER_LINE = re.compile(r"^ *\S+ [01]\.\d{3}  ", re.MULTILINE)


@dataclass(slots=True)
class Day:
    """How a participant fared. ``problem`` is empty for who got everything; ``left`` is when they left, in epoch
    seconds."""

    participant: str
    run: str = ""
    answers: int = 0
    left: float = 0.0
    problem: str = ""


@dataclass(slots=True)
class Commands:
    """Runs commands of several participants; ``stop`` ends those that run, and those that would be started."""

    folder: Path
    _processes: set[subprocess.Popen[str]] = field(default_factory=set)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, environment: Mapping[str, str], log: Path, *arguments: str) -> str:
        """What `workshop` with these arguments prints.

        Raises:
            WorkshopError: it ended with another exit code than 0; the message ends with its last line.
        """
        if self._stopped.is_set():
            raise WorkshopError("stopped")
        command = [sys.executable, "-m", "workshop.cli", *arguments, "--folder", str(self.folder)]
        process = subprocess.Popen(
            command,
            env={**environment, "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.add(process)
        try:
            said, _ = process.communicate()
        finally:
            self._processes.discard(process)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(said)
        if process.returncode:
            last = (said.strip().splitlines() or ["no output"])[-1]
            raise WorkshopError(f"workshop {arguments[0]} ended with {process.returncode}: {last}")
        return said

    def stop(self) -> None:
        self._stopped.set()
        for process in list(self._processes):
            process.kill()


def spend_day(
    commands: Commands,
    participant: str,
    environment: Mapping[str, str],
    log: Path,
    hyperparameters: Mapping[str, str],
    *,
    start: threading.Barrier,
    look_at: Callable[[str], str],
) -> Day:
    """Train and deploy, ask the endpoint, delete it. ``look_at`` says what is wrong with a run's endpoint."""
    day = Day(participant)
    chosen = [word for name, value in hyperparameters.items() for word in ("-p", f"{name}={value}")]
    try:
        start.wait()
        said = commands.run(environment, log, "run", "--endpoint", *chosen)
        day.run = _only(RUN_LINE, said)
        said = commands.run(environment, log, "predict", *TEXTS)
        asked, day.answers = _only(ENDPOINT_LINE, said), len(ANSWER_LINE.findall(said))
        if asked != day.run:
            day.problem = f"predict asked {asked}, not the participant's own {day.run}"
        elif day.answers != len(TEXTS):
            day.problem = f"{day.answers} answers to {len(TEXTS)} texts"
        else:
            day.problem = look_at(day.run)
        commands.run(environment, log, "endpoint", "delete", day.run)
    except (WorkshopError, threading.BrokenBarrierError, *AWS_ERRORS) as error:
        day.problem = str(error)
    day.left = time.time()
    return day


def _only(pattern: re.Pattern[str], said: str) -> str:
    found = pattern.findall(said)
    if len(found) != 1:
        raise WorkshopError(f"{len(found)} lines like {pattern.pattern!r} were printed, not one")
    return str(found[0])
