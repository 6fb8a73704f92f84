"""The notebooks, with whatever AWS credentials the environment holds."""

from __future__ import annotations

from typing import Annotated

import typer

from chitra.errors import InputError
from infra.settings import FOLDER_VARIABLE, PROJECT, read_settings
from workshop.commands.common import FolderOption, aws_variables, say, settings_of
from workshop.notebook.jupyterlab import open_jupyterlab


def notebooks(
    options: Annotated[list[str] | None, typer.Argument(metavar="-- OPTIONS", help="JupyterLab's own options.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Open the notebooks in JupyterLab, in Japanese, with your AWS credentials. Ctrl-C ends it."""
    if settings_of(folder) != read_settings(folder):
        raise InputError("--region: the notebooks find their workshop where cdk.json says. Change it there.")
    say("JupyterLab ends at Ctrl-C.")
    open_jupyterlab(folder, aws_variables() | {FOLDER_VARIABLE: str(folder)}, options or [])
