"""How the notebooks are opened: JupyterLab as a process of its own, until Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.helpers.project import ROOT, write_cdk_json
from tests.notebooks.conftest import CLEAN, PARTICIPANTS, Local

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S*\?token=\w+")
PATIENCE_SECONDS = 60
TRANSLATION = "/lab/api/settings/@jupyterlab/translation-extension:plugin"


class Lab:
    """A JupyterLab, and what it said before its address."""

    def __init__(self, process: subprocess.Popen[str], said: str, address: str) -> None:
        self.process, self.said = process, said
        self.base, self.token = address.partition("/lab/tree")[0], address.partition("token=")[2]

    def ask(self, path: str, **content: str) -> Any:
        data = json.dumps(content).encode() if content else None
        request = urllib.request.Request(self.base + path, data, {"Authorization": f"token {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def wait(self) -> None:
        """It prints its address before it listens."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.ask("/api/status")
            except OSError:
                assert self.process.poll() is None, self.said
                assert time.monotonic() < deadline, self.said
                time.sleep(0.2)
            else:
                return

    def start_kernel(self) -> psutil.Process:
        """As a notebook does that is opened."""
        self.ask("/api/kernels", name="python3")
        [kernel] = [
            each for each in psutil.Process(self.process.pid).children() if "ipykernel_launcher" in each.cmdline()
        ]
        return kernel


@contextmanager
def opened(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[Lab]:
    """In a terminal, where Jupyter listens to Ctrl-C."""
    terminal, inside = pty.openpty()
    options = ["--", "--no-browser", "--ServerApp.port=0"]
    with subprocess.Popen(
        [sys.executable, "-m", *command, *options],
        cwd=folder,
        env=environment | {"HOME": str(folder)},
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if found := ADDRESS.search(line):
                break
        else:
            pytest.fail(said)
        try:
            lab = Lab(process, said, found.group())
            lab.wait()
            yield lab
        finally:
            process.kill()
    os.close(terminal)
    os.close(inside)


def test_should_open_the_notebooks_in_japanese_as_the_first_participant(local: Local, tmp_path: Path) -> None:
    environment = CLEAN | {"CHITRA_WORKSHOP_FOLDER": str(local.home)}
    with opened(["rehearsal.local", "notebooks"], environment, tmp_path) as lab:
        assert "It runs already." in lab.said
        names = [entry["name"] for entry in lab.ask("/api/contents")["content"]]
        assert "00_preparation.ipynb" in names
        assert lab.ask(TRANSLATION)["schema"]["properties"]["locale"]["default"] == "ja_JP"
        kernel = lab.start_kernel()
        assert kernel.environ()["AWS_SHARED_CREDENTIALS_FILE"].endswith(f"/credentials/{PARTICIPANTS[0]}.ini")
        sockets = [each for each in psutil.Process(lab.process.pid).net_connections() if each.status == "LISTEN"]
        assert {each.laddr.ip for each in sockets} == {"127.0.0.1"}
        lab.process.send_signal(signal.SIGINT)
        assert lab.process.wait(60) == 0
        assert not kernel.is_running()


def test_should_open_the_notebooks_with_ones_own_credentials(tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    environment = CLEAN | {"CHITRA_WORKSHOP_FOLDER": str(tmp_path), "AWS_ACCESS_KEY_ID": "another"}
    with opened(["workshop.cli", "--profile", "mine", "notebooks"], environment, tmp_path) as lab:
        kernel = lab.start_kernel()
        assert kernel.environ()["AWS_PROFILE"] == "mine"
        assert "AWS_ACCESS_KEY_ID" not in kernel.environ()
        lab.process.send_signal(signal.SIGTERM)
        assert lab.process.wait(60) == 0


def test_should_say_that_jupyterlab_is_missing(tmp_path: Path) -> None:
    """A stand-in for `find_spec` that knows no JupyterLab."""
    program = (
        "import workshop.notebook.jupyterlab as lab, sys; lab.find_spec = lambda name: None;"
        "from workshop.cli import main; sys.argv = ['workshop', 'notebooks']; main()"
    )
    write_cdk_json(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=CLEAN | {"CHITRA_WORKSHOP_FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: jupyterlab: is not installed. Run `make setup`.\n"
