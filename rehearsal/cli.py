"""The `rehearse` command. Exit codes: 0 passed, 1 failed, 2 bad input or settings, 130 interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from chitra.errors import WorkshopError
from infra.settings import PROJECT, read_settings
from workshop.commands.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    HELP,
    AccessOption,
    CorpusOption,
    FolderOption,
    VersionOption,
    console,
    run_app,
    say,
    short,
    with_access,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)


@app.callback(invoke_without_command=True)
def rehearse(
    context: typer.Context,
    corpus: Annotated[Path | None, typer.Option(help="Your corpus; the sample corpus when left out.")] = None,
    model: Annotated[Path | None, typer.Option(help="Unpacked chiTra model; a stand-in when left out.")] = None,
    docker: Annotated[
        bool | None, typer.Option(help="Build the image and run jobs in it; by default where a Docker engine runs.")
    ] = None,
    access: AccessOption = None,
    folder: FolderOption = PROJECT,
    version: VersionOption = False,
) -> None:
    """Run the whole workshop on this machine, without an AWS account."""
    if context.invoked_subcommand:
        return
    from local_aws.engine import engine_problem
    from rehearsal.rehearse import SAMPLE_CORPUS, Plan
    from rehearsal.rehearse import rehearse as run_rehearsal

    problem = "--no-docker was given" if docker is False else engine_problem()
    if docker and problem:
        raise WorkshopError(f"--docker: {problem}. Start a newer engine, or leave the option out.")
    if problem:
        say(f"jobs run as processes, not in containers: {problem}")
    settings, model = with_access(read_settings(folder), access), model.resolve() if model else None
    plan = Plan(settings, (corpus or SAMPLE_CORPUS).resolve(), model, docker=not problem, home=folder)
    try:
        report = run_rehearsal(plan, console)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        say(f"report: {short(plan.folder / 'report.html')}")
    numbers = report.evaluation
    table = Table(title="Test split", title_justify="left")
    for heading in ("accuracy", "macro-F1", "TF-IDF + linear SVM"):
        table.add_column(heading, justify="right")
    shown = [numbers.get(key) for key in ("accuracy", "macro_f1", "baseline_accuracy")]
    table.add_row(*("unknown" if value is None else f"{value:.4f}" for value in shown))
    console.print(table)
    for warning in report.warnings:
        say(f"warning: {warning}")
    for row in report.predictions:
        say(f"{row['predicted']:>16} {row['score']:.3f}  {row['text']}…")
    console.print("[green]passed[/]: nothing is left" if report.passed else "[red]failed[/]")


@app.command()
def crowd(
    participants: Annotated[int, typer.Option(min=2, max=100, help="How many take part at once.")] = 30,
    access: AccessOption = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Let many participants run, ask and leave at the same time, each with their own access key; then tear down."""
    from rehearsal.crowd import CrowdPlan, rehearse_crowd

    plan = CrowdPlan(participants, folder, access=access)
    try:
        report, days = rehearse_crowd(plan, console)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    for day in days:
        if day.problem:
            say(f"{day.participant}: {day.problem}")
    say(f"report: {short(plan.folder / 'report.json')}, chart: {short(plan.folder / 'waiting.png')}")
    say(
        f"{report.finished} of {report.participants} finished in {report.seconds:.0f} s; "
        f"{report.preprocessing_jobs} preprocessing job(s); {report.waited_seconds:.0f} s of waiting in all; "
        f"{report.throttled_calls} calls were throttled; {report.leftovers} things are left"
    )
    if report.failed or report.leftovers:
        raise typer.Exit(EXIT_FAILED)


@app.command("stand-in")
def stand_in(
    corpus: CorpusOption,
    output: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="The model's folder; build/stand-in in the workshop's when left out."),
    ] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Build a small model in chiTra's format from a corpus's training split."""
    from rehearsal.stand_in import build_stand_in

    target = output or folder / "build/stand-in"
    size = build_stand_in(corpus, target, seed=read_settings(folder).preprocessing.seed)
    say(f"{short(target)}: stand-in with {size:,} word pieces")


def main() -> None:
    """Every failure that a user can mend is one line; see the exit codes above."""
    run_app(app)


if __name__ == "__main__":
    main()
