"""The command that sets runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from chitra.errors import InputError
from infra.prices import usd
from infra.settings import PROJECT
from workshop.commands.common import FolderOption, JsonOption, console, plain, print_json, say, settings_of
from workshop.commands.report import bring_home, job_of
from workshop.report.compare import ComparedRun, compared_run, differing_hyperparameters, share_articles

UNKNOWN = "-"


def compare(
    runs: Annotated[list[str], typer.Argument(help="Names of two runs or more, as `workshop run` printed them.")],
    as_json: JsonOption = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Set runs side by side: accuracy, epochs, the hyperparameters that differ, time and cost.

    Reads what `workshop export` brought home, and fetches what it needs of the rest.
    """
    if len(runs) < 2:
        raise InputError(f"run {runs[0]}: is alone. Name another one to compare it with.")
    settings = settings_of(folder)
    from workshop.report.files import read_metrics

    found = list[ComparedRun]()
    for name in dict.fromkeys(runs):
        run, home = bring_home(settings, folder, name)
        found.append(compared_run(run, read_metrics(home / "report/metrics.json"), job_of(settings, run)))
    if as_json:
        differing = differing_hyperparameters(found)
        print_json({"runs": list(map(asdict, found)), "differing_hyperparameters": differing})
        return
    _show(found)


def _show(runs: Sequence[ComparedRun]) -> None:
    """Runs are columns: their names are long, and stand above."""
    for number, run in enumerate(runs, 1):
        say(f"{number:>3}  {run.run}")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for number in range(1, len(runs) + 1):
        table.add_column(str(number), justify="right", overflow="fold")
    for label, cell in _rows(runs):
        table.add_row(plain(label), *(plain(cell(run)) for run in runs))
    console.print(table)
    if not share_articles(runs):
        say("not all were tested on the same articles: their accuracies are of different test splits")


def _rows(runs: Sequence[ComparedRun]) -> list[tuple[str, Callable[[ComparedRun], str]]]:
    differing: list[tuple[str, Callable[[ComparedRun], str]]] = [
        (name, lambda run, name=name: _text(run.hyperparameters.get(name)))  # type: ignore[misc]
        for name in differing_hyperparameters(runs)
    ]
    return [
        ("test accuracy", lambda run: f"{run.accuracy:.4f}"),
        ("macro-F1", lambda run: f"{run.macro_f1:.4f}"),
        (
            "TF-IDF + linear SVM",
            lambda run: UNKNOWN if run.baseline_accuracy is None else f"{run.baseline_accuracy:.4f}",
        ),
        ("epochs", lambda run: _text(run.epochs)),
        ("epoch that was kept", lambda run: _text(run.best_epoch)),
        *differing,
        ("instance", lambda run: run.instance or UNKNOWN),
        ("training", lambda run: _minutes(run.train_seconds)),
        ("billed", lambda run: _minutes(run.billed_seconds)),
        ("cost of training", lambda run: UNKNOWN if run.cost is None else usd(run.cost)),
    ]


def _text(value: object) -> str:
    return UNKNOWN if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _minutes(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02}"
