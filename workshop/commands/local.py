"""Commands that need no AWS account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from infra.settings import read_settings
from preprocessing.errors import InputError
from workshop import fetch as fetching
from workshop.commands.common import EXIT_INTERRUPTED, CorpusOption, console, say
from workshop.errors import WorkshopError

fetch_app = typer.Typer(no_args_is_help=True, help="Download the model or the corpus.")


def rehearse(
    corpus: Annotated[Path | None, typer.Option(help="Your corpus; the sample corpus when left out.")] = None,
    model: Annotated[Path | None, typer.Option(help="Unpacked chiTra model; a stand-in when left out.")] = None,
    docker: Annotated[
        bool | None, typer.Option(help="Build the image and run jobs in it; by default where a Docker engine runs.")
    ] = None,
) -> None:
    """Run the whole workshop on this machine, without an AWS account."""
    from rehearsal.engine import engine_problem
    from rehearsal.rehearse import SAMPLE_CORPUS, Plan
    from rehearsal.rehearse import rehearse as run_rehearsal

    problem = "--no-docker was given" if docker is False else engine_problem()
    if docker and problem:
        raise WorkshopError(f"--docker: {problem}. Start a newer engine, or leave the option out.")
    if problem:
        say(f"jobs run as processes, not in containers: {problem}")
    plan = Plan(read_settings(), (corpus or SAMPLE_CORPUS).resolve(), model.resolve() if model else None, not problem)
    try:
        report = run_rehearsal(plan, console)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        say(f"report: {plan.folder / 'report.html'}")
    numbers = report.evaluation
    table = Table(title="Test split", title_justify="left")
    for heading in ("accuracy", "macro-F1", "TF-IDF + linear SVM"):
        table.add_column(heading, justify="right")
    table.add_row(*(f"{numbers[key]:.4f}" for key in ("accuracy", "macro_f1", "baseline_accuracy")))
    console.print(table)
    for row in report.predictions:
        say(f"{row['predicted']:>16} {row['score']:.3f}  {row['text']}…")
    console.print("[green]passed[/]: nothing is left" if report.passed else "[red]failed[/]")


def stand_in(
    corpus: CorpusOption,
    output: Annotated[Path, typer.Option(help="The model's folder.")] = Path("build/stand-in"),
) -> None:
    """Build a small model in chiTra's format from a corpus's training split."""
    from workshop.stand_in import build_stand_in

    size = build_stand_in(corpus, output, seed=read_settings().preprocessing.seed)
    say(f"{output}: stand-in with {size:,} word pieces")


@fetch_app.command("model")
def fetch_model(
    version: Annotated[str, typer.Option(help="1.0 or 1.1.")] = "1.0",
    source: Annotated[Path | None, typer.Option("--from", help="A local archive or folder instead.")] = None,
) -> None:
    """Download chiTra and unpack it to build/models/."""
    if version not in fetching.MODELS:
        raise InputError(f"--version {version}: is unknown. Known are {', '.join(fetching.MODELS)}.")
    archive = _obtain(fetching.MODELS[version], source)
    folder = fetching.unpack_model(archive, Path("build/models") / f"chiTra-{version}")
    say(f"{folder}: ready. Rehearse with it: workshop rehearse --model {folder}")


@fetch_app.command("corpus")
def fetch_corpus(
    source: Annotated[Path | None, typer.Option("--from", help="A local archive instead.")] = None,
) -> None:
    """Download the livedoor news corpus."""
    from preprocessing.corpus import read_corpus

    archive = _obtain(fetching.CORPUS, source)
    say(f"{archive}: {len(read_corpus(archive).articles):,} articles")


def _obtain(download: fetching.Download, source: Path | None) -> Path:
    if source is not None:
        if not source.exists():
            raise InputError(f"{source}: does not exist.")
        return source
    columns = (TextColumn(download.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(download.name, total=None)
        return fetching.fetch(
            download,
            fetching.DOWNLOADS,
            fetching.LOCK_FILE,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
