"""The programs that a rehearsal starts as the organiser would: the CDK CLI and the workshop's own teardown."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from chitra.errors import WorkshopError
from infra.settings import PROJECT
from local_aws.server import LocalAws
from rehearsal.progress import Step
from workshop.teardown.receipt import RECEIPTS

SETTLE_SECONDS = "1"  # nothing writes logs late on this machine
Environment = Mapping[str, str]


class StepFailedError(WorkshopError):
    """A step of the rehearsal failed; the lines before show why."""


def tear_down(aws: LocalAws, folder: Path, step: Step, *, discard_data: bool = False) -> int:
    """The organiser's own command, and its proof, with ``folder`` as the workshop's; returns how many things went.

    ``discard_data`` lets models go that nobody exported.
    """
    command, where = [sys.executable, "-m", "workshop.cli"], ["--folder", str(folder)]
    teardown = [*command, "teardown", "--yes", "--settle", SETTLE_SECONDS, *where]
    teardown += ["--discard-data"] if discard_data else []
    _run(step, teardown, aws.environment(), "workshop teardown", folder)
    _run(step, [*command, "verify", *where], aws.environment(), "workshop verify", folder)
    [receipt] = (folder / RECEIPTS).glob("*.json")
    return len(json.loads(receipt.read_text(encoding="utf-8"))["deleted"])


def synth(home: Path, assembly: Path, step: Step) -> None:
    """The project's stacks with the settings of ``home``'s cdk.json."""
    app = shlex.join([sys.executable, str(PROJECT / "app.py")])
    cdk(home, ["synth", "--quiet", "--app", app, "--output", str(assembly)], os.environ, step)


def cdk(home: Path, arguments: Sequence[str], environment: Environment, step: Step) -> None:
    """Run the project's real CDK CLI where cdk.json is."""
    cli = PROJECT / "node_modules" / ".bin" / "cdk"
    _run(step, [str(cli), *arguments], environment, f"cdk {arguments[0]}", home)


def _run(step: Step, command: Sequence[str], environment: Environment, name: str, folder: Path) -> None:
    """Run a program; its output goes to the step's log.

    Raises:
        StepFailedError: it ended with another exit code than 0.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**environment, "PATH": path, "PYTHONPATH": str(PROJECT), "CI": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            step.log(line)
        if process.wait() != 0:
            raise StepFailedError(f"{name} ended with exit code {process.returncode}")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(10)
