"""Exports with a progress display; commands for participants and teardown share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from chitra.errors import WorkshopError
from chitra.inside import UnsafePathError, inside
from chitra.visible import visible
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.commands.common import console, say, short
from workshop.data.export import export_run
from workshop.data.results import CHECKSUMS

EXPORT = "export"  # below the workshop's folder


def export_with_progress(s3: Any, bucket: str, run: str, output: Path, by: str = "") -> None:
    """Export one run to ``output/<run>``; ``by`` is the participant whose record says so, if one.

    Raises:
        WorkshopError: not everything that can be exported arrived.
    """
    try:
        folder = inside(output, run)
    except UnsafePathError as error:
        raise WorkshopError(f"{output / run}: {error}. Remove the link, or choose another --output.") from error
    with download_bars() as show:
        files = export_run(s3, bucket, run, folder, show, lambda refusal: say(str(refusal)), by=by)
    if files:
        say(f"{short(folder)}: {len(files)} files, verified; checksums in {CHECKSUMS}")


@contextmanager
def download_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Gives what shows that so many bytes of a file are done, of so many."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(visible(name), total=total)
            bar.update(tasks[name], completed=done)

        yield show


def export_runs(s3: Any, bucket: str, runs: Sequence[str], output: Path, by: str = "") -> None:
    """Export one run after the other; one that fails keeps none of the others.

    Raises:
        WorkshopError: names each run that failed; why was said before.
    """
    failed = []
    for run in runs:
        try:
            export_with_progress(s3, bucket, run, output, by=by)
        except WorkshopError as error:
            say(f"failed  {error}")
            failed.append(run)
        except AWS_ERRORS as error:
            say(f"failed  run {run}: {advice(error)}")
            failed.append(run)
    if failed:
        raise WorkshopError(
            f"not exported in full: {', '.join(failed)}. Mend what the lines above say, and run it again."
        )
