"""Exports with a progress display; commands for participants and teardown share it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from workshop.commands.common import console
from workshop.export import CHECKSUMS, export_run
from workshop.export_ledger import ORGANISER


def export_with_progress(s3: Any, bucket: str, run: str, output: Path, by: str = ORGANISER) -> None:
    """Export one run to ``output/<run>``; ``by`` is the user whose record says so."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)

        files = export_run(s3, bucket, run, output / run, show, by=by)
    console.print(f"{output / run}: {len(files)} files, verified; checksums in {CHECKSUMS}", soft_wrap=True)
