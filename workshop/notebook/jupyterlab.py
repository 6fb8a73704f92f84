"""Opens JupyterLab, in Japanese, on the notebooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from chitra.errors import WorkshopError
from infra.settings import PROJECT

NOTEBOOKS = PROJECT / "notebooks"
FIRST = "00_preparation.ipynb"
CONFIGURATION = Path(__file__).parent / "jupyter"  # labconfig/ in it is laid over JupyterLab's defaults
QUIET = "ERROR"  # its address is still printed


def open_jupyterlab(home: Path, environment: Mapping[str, str], options: Sequence[str] = ()) -> NoReturn:
    """Become JupyterLab, which ends at Ctrl-C. Kernels get the ``environment``; ``options`` are JupyterLab's own.

    What it remembers of open tabs is kept in ``home``, apart from the user's other work.

    Raises:
        WorkshopError: it is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise WorkshopError("jupyterlab: is not installed. Run `make setup`.")
    chosen = {
        "ServerApp.root_dir": NOTEBOOKS,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.answer_yes": True,  # Ctrl-C ends it without a question
        "ServerApp.allow_root": True,  # in a container
        "Application.log_level": QUIET,
        "KernelManager.transport_encryption": "auto",  # else each kernel warns of its port
        "LabApp.default_url": f"/lab/tree/{FIRST}",
        "LabApp.news_url": None,
        "LabApp.extension_manager": "readonly",
        "LabApp.workspaces_dir": home / "build" / "notebooks",
    }
    arguments = [f"--{name}={value}" for name, value in chosen.items()]
    paths = os.pathsep.join(filter(None, [str(CONFIGURATION), environment.get("JUPYTER_CONFIG_PATH", "")]))
    command = [sys.executable, "-m", "jupyterlab", *arguments, *options]
    os.execve(sys.executable, command, {**environment, "JUPYTER_CONFIG_PATH": paths})  # noqa: S606
