"""The command that writes a run's page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from chitra.errors import WorkshopError
from chitra.files import write_whole
from chitra.inside import UnsafePathError, inside
from infra.names import Names
from infra.settings import PROJECT, Settings
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.aws.run_names import check_run_name, full_name
from workshop.commands.common import (
    FolderOption,
    account_of,
    say,
    settings_of,
    short,
)
from workshop.commands.runs import RunName
from workshop.commands.transfer import EXPORT, download_bars
from workshop.data.export import fetch_report
from workshop.data.results import PAGE
from workshop.language import Language, language_of
from workshop.report.job import Job, describe_job
from workshop.runs.costs import Capacity, PriceList


def report(
    name: RunName,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="The page's file; report.html beside the exported run when left out."),
    ] = None,
    lang: Annotated[Language | None, typer.Option(help="The page's language; the locale's when left out.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Write one page about a run: its data, learning curve, mistakes, and other runs beside it. Opens without network.

    Reads what `workshop export` brought home, and fetches what it needs of the rest.
    """
    settings = settings_of(folder)
    run, home = bring_home(settings, folder, name)
    from workshop.report.page import build_page
    from workshop.report.results import read_results

    page = build_page(read_results(home, run), lang or language_of(os.environ), job_of(settings, run))
    target = output or home / PAGE
    write_whole(target, page)
    say(f"{short(target)}: open it in a browser")


def bring_home(settings: Settings, folder: Path, name: str) -> tuple[str, Path]:
    """A run's full name, and the folder of its export; what a report needs is fetched where it is not on disk.

    Raises:
        WorkshopError: the run left no report.
    """
    from workshop.report.results import has_results  # brings matplotlib and pandas: two seconds

    run = check_run_name(full_name(Names(settings.name), name))
    home = _home(folder, run)
    if not has_results(home):
        run = _exact_name(settings, name)
        home = _home(folder, run)
    if not has_results(home):
        _fetch(settings, run, home)
    return run, home


def _home(folder: Path, run: str) -> Path:
    """Where a run's export is."""
    try:
        return inside(folder / EXPORT, run)
    except UnsafePathError as error:
        raise WorkshopError(f"{folder / EXPORT / run}: {error}. Remove the link.") from error


def _exact_name(settings: Settings, name: str) -> str:
    """As the deployment calls it."""
    with aws_errors():
        return check_run_name(find_deployment(account_of(settings), settings).full_name(name))


def _fetch(settings: Settings, run: str, home: Path) -> None:
    aws = account_of(settings)
    with aws_errors(), download_bars() as show:
        fetch_report(aws.client("s3"), find_deployment(aws, settings).bucket, run, home, show)


def job_of(settings: Settings, run: str) -> Job | None:
    """None after the day, when no credentials are left."""
    try:
        aws = account_of(settings)
    except WorkshopError:
        return None
    prices = PriceList(aws, settings.prices)
    return describe_job(aws, run, lambda use, kind, count: prices.per_hour(aws.region, Capacity(kind, count, use)))
