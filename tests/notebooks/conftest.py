"""One local workshop for all notebooks of a worker, and a way to run a notebook from top to bottom in it.

Its access is ``scoped``, the stricter; with ``ACCESS=full`` in the environment the notebooks run in the other.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from chitra.hyperparameters import HYPERPARAMETERS_VARIABLE
from local_aws.ports import endpoint_url
from local_aws.record import stage
from local_aws.server import ACCOUNT, ROOT_SECRET, LocalSession
from rehearsal.local_environment import environment_with, variables
from rehearsal.local_state import local_folder, read_state
from tests import secrets
from tests.helpers.project import ACCESS, CONTEXT, ROOT, copy_project
from workshop.aws.account import Account

NOTEBOOKS = ROOT / "notebooks"
CELL_SECONDS, LOOK_SECONDS = 240, 10
PARTICIPANTS = ["participant-1", "participant-2"]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CHITRA_"))}
CLEAN |= {"PYTHONPATH": str(ROOT)}
Execute = Callable[..., NotebookNode]
# What a notebook trains with where a test is not about what the model learns.
QUICK = {HYPERPARAMETERS_VARIABLE: json.dumps({"epochs": 1, "train-batch-size": 8, "learning_rate": 0.002})}
RUN = re.compile(r"chitra--participant-\d-\d{8}-\d{6}-[0-9a-f]{4}")


@dataclass(frozen=True)
class Local:
    """A local workshop in the folder ``home``."""

    home: Path

    def environment(self, participant: str | None) -> dict[str, str]:
        """Of whoever works there: a participant with a key, or, with None, the organiser."""
        state = read_state(local_folder(self.home))
        assert state
        return CLEAN | environment_with(variables(self.home, state, participant)) | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """As `make local` stands it up, from a project with the tests' settings and two participants."""
    context = CONTEXT | {"access": ACCESS, "participants": PARTICIPANTS}
    home = copy_project(tmp_path_factory.mktemp("notebooks") / "chitra", context)
    command = [sys.executable, "-m", "rehearsal.local"]
    environment = CLEAN | {"CHITRA_WORKSHOP_FOLDER": str(home), "COLUMNS": "200"}
    try:
        up = subprocess.run(
            [*command, "up"], cwd=home, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert up.returncode == 0, up.stdout + up.stderr
        secrets.collect(home)
        yield Local(home)
    finally:
        subprocess.run([*command, "down"], cwd=home, env=environment, capture_output=True, timeout=120, check=True)


@pytest.fixture(scope="session")
def organiser(local: Local) -> Account:
    """Sees everything on the local AWS."""
    state = read_state(local_folder(local.home))
    assert state
    return Account(LocalSession(endpoint_url(state.port), ACCOUNT, ROOT_SECRET, state.region))


@pytest.fixture
def environment(local: Local) -> dict[str, str]:
    """A participant's, never root's."""
    return local.environment(PARTICIPANTS[0])


class LookingClient(NotebookClient):
    """Looks for a cell's reply every few seconds: pyzmq at times misses that one has come, until a wait for it ends."""

    def __init__(self, notebook: NotebookNode, **options: Any) -> None:
        super().__init__(notebook, **options)
        self._waited = Counter[int]()  # seconds, by cell

    async def _async_handle_timeout(self, timeout: int, cell: NotebookNode | None = None) -> dict[str, Any] | None:
        self._waited[id(cell)] += timeout
        if self._waited[id(cell)] < CELL_SECONDS:
            return None
        return await super()._async_handle_timeout(timeout, cell)


@pytest.fixture(scope="session")
def execute() -> Execute:
    """Runs a notebook in an environment and returns it with its outputs; nothing is written."""

    def run(name: str, environment: dict[str, str]) -> NotebookNode:
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        resources = {"metadata": {"path": str(NOTEBOOKS)}}
        client = LookingClient(notebook, timeout=LOOK_SECONDS, kernel_name="python3", resources=resources)
        try:
            with stage(f"notebook {name.partition('_')[0]}"):
                executed: NotebookNode = client.execute(env=environment)
        except CellExecutionError as error:  # its text holds the cell's source and what it printed
            pytest.fail(f"{name}: {error}", pytrace=False)
        return executed

    return run


def shown(notebook: NotebookNode, cell_id: str) -> str:
    """Everything that a cell printed or displayed, as text."""
    [cell] = [each for each in notebook.cells if each.id == cell_id]
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        parts.append(output.get("text") or data.get("text/markdown") or data.get("text/plain") or "")
    return "\n".join(parts)


def outputs(notebook: NotebookNode, cell_id: str) -> list[Any]:
    """All that a cell left, but for what it printed."""
    [cell] = [each for each in notebook.cells if each.id == cell_id]
    return [output for output in cell.outputs if "data" in output]


def run_in(notebook: NotebookNode, cell_id: str) -> str:
    """The name of the run that a cell started."""
    [cell] = [each for each in notebook.cells if each.id == cell_id]
    match = RUN.search(str(cell.outputs))
    assert match
    return match[0]


def played(notebook: NotebookNode) -> str:
    """What the interactive cells show before anybody touches them; an error in one fails no cell."""
    [widgets] = notebook.metadata.widgets.values()
    outputs = [each["state"].get("outputs", []) for each in widgets["state"].values()]
    assert not [output for each in outputs for output in each if output["output_type"] == "error"]
    return "\n".join(output.get("text", "") for each in outputs for output in each)
