"""Commands that fetch what is public: the model and the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from chitra.errors import InputError, WorkshopError
from infra.settings import PROJECT
from workshop.commands.common import FolderOption, console, say, short
from workshop.data import fetch as fetching

fetch_app = typer.Typer(no_args_is_help=True, help="Download the model or the corpus.")


@fetch_app.command("model")
def fetch_model(
    version: Annotated[str, typer.Option(help="1.0 or 1.1.")] = "1.0",
    source: Annotated[Path | None, typer.Option("--from", help="A local archive or folder instead.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Download chiTra and unpack it to build/models/."""
    if version not in fetching.MODELS:
        raise InputError(f"--version {version}: is unknown. Known are {', '.join(fetching.MODELS)}.")
    archive = _obtain(fetching.MODELS[version], source, folder)
    try:
        model = short(fetching.unpack_model(archive, folder / fetching.UNPACKED / f"chiTra-{version}"))
    except WorkshopError as error:
        if source is None:
            raise
        raise InputError(str(error)) from error
    say(f"{model}: ready. Rehearse with it: .venv/bin/rehearse --model {model}")


@fetch_app.command("corpus")
def fetch_corpus(
    source: Annotated[Path | None, typer.Option("--from", help="A local archive instead.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Download the livedoor news corpus."""
    from chitra.corpus import CorpusReader

    archive = _obtain(fetching.CORPUS, source, folder)
    say(f"{short(archive)}: {sum(1 for _ in CorpusReader(archive)):,} articles")


def _obtain(download: fetching.Download, source: Path | None, folder: Path) -> Path:
    if source is not None:
        if not source.exists():
            raise InputError(f"{source}: does not exist.")
        return source
    columns = (TextColumn(download.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(download.name, total=None)
        return fetching.fetch(
            download,
            folder / fetching.DOWNLOADS,
            folder / fetching.LOCK_FILE,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
