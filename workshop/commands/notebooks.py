"""The notebooks, with whatever AWS credentials the environment holds."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.settings import FOLDER_VARIABLE, PROJECT
from workshop.commands.common import FolderOption, aws_variables, say
from workshop.notebook.jupyterlab import open_jupyterlab


def notebooks(
    options: Annotated[list[str] | None, typer.Argument(metavar="-- OPTIONS", help="JupyterLab's own options.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Open the notebooks in JupyterLab, in Japanese, with your AWS credentials. Ctrl-C ends it."""
    say("JupyterLab ends at Ctrl-C.")
    open_jupyterlab(folder, aws_variables() | {FOLDER_VARIABLE: str(folder)}, options or [])
