"""The command that opens the page."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chitra.errors import InputError, WorkshopError
from infra.names import Names
from infra.settings import PROJECT
from workshop.aws.caller import participant
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.aws.run_names import check_run_name
from workshop.commands.common import (
    FolderOption,
    account_of,
    console,
    errors,
    say,
    settings_of,
)
from workshop.commands.transfer import EXPORT
from workshop.demo.port import LOOPBACK, listen
from workshop.runs.endpoint import exact_name
from workshop.runs.own_model import OwnModel
from workshop.runs.predict import newest_endpoint

if TYPE_CHECKING:
    from workshop.demo.subject import Subject

SCREENS = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")


def demo(
    endpoint: Annotated[str | None, typer.Option(help="Your newest one when left out.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="An exported run's folder model/; it answers without endpoint and account.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of this machine; 7860 when left out, or any that is free.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address only.")] = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Open a page on this machine: classify articles, see tokens, time and money left, and the run's report."""
    if model and endpoint is not None:
        raise InputError("--model: goes not with --endpoint.")
    asked = _model(model) if model else _endpoint(endpoint, folder)
    try:
        with tempfile.TemporaryDirectory() as files, listen(port) as listener, asked as subject:
            os.environ["GRADIO_TEMP_DIR"] = tempfile.tempdir = files  # what readers upload goes with the page
            from workshop.demo.server import serve  # brings Gradio, which takes seconds

            address = f"http://{LOOPBACK}:{listener.getsockname()[1]}/"
            say(f"{address}  {subject.name}. Ctrl-C closes the page.")
            if console.is_terminal and not no_browser and _has_screen():
                webbrowser.open(address)
            serve(subject, listener)
            say(_farewell(subject))
    except ModuleNotFoundError as error:
        raise WorkshopError(f"{error.name}: is not installed, and the page needs it. Run `make setup`.") from error


@contextmanager
def _model(folder: Path) -> Iterator[Subject]:
    with OwnModel(folder) as process:
        with errors.status("The model is loaded"):
            from workshop.demo.subject import own_model

            subject = own_model(process)
        yield subject


@contextmanager
def _endpoint(endpoint: str | None, folder: Path) -> Iterator[Subject]:
    settings = settings_of(folder)
    if endpoint is not None:
        check_run_name(endpoint)
    account, names = account_of(settings), Names(settings.name)
    with aws_errors():
        if endpoint:
            chosen = exact_name(account, settings, endpoint)
        else:
            prefix = find_deployment(account, settings).run_prefix
            chosen = newest_endpoint(account, names, participant(account, names), prefix)
        from workshop.demo.subject import served

        subject = served(account, settings, chosen, folder / EXPORT)
    yield subject


def _has_screen() -> bool:
    """Elsewhere a text browser would take the terminal."""
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in SCREENS)


def _farewell(subject: Subject) -> str:
    if subject.status is None:
        return "The page is closed."
    delete = f"`.venv/bin/workshop endpoint delete {subject.name}`"
    return f"The page is closed; the endpoint goes on, and so does what it costs. {delete} ends it."
