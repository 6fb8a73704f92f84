"""`workshop classify`: a batch of articles of one's own, by a SageMaker batch transform job."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from chitra.errors import InputError, WorkshopError
from infra.names import Names
from infra.settings import PROJECT
from workshop.aws.account import Account
from workshop.aws.caller import participant
from workshop.aws.deployment import Deployment, aws_errors, find_deployment
from workshop.aws.run_names import check_run_name, full_name
from workshop.commands.common import FolderOption, account_of, may_ask, say, settings_of, short
from workshop.commands.following import show
from workshop.commands.tables import show_table
from workshop.runs.costs import PriceList
from workshop.runs.estimate import estimate_classification
from workshop.runs.meter import require_room
from workshop.runs.run import Run


def classify(
    articles: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folder or files: each .txt is an article, each row of a .csv or .jsonl holds one as text."
        ),
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="The run whose model reads them; your newest one when left out.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the results go, .csv or .jsonl; beside the articles when left out.")
    ] = None,
    collect: Annotated[
        str | None, typer.Option(help="Come back to an earlier call by its run: wait for it, fetch its results.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Start without being asked.")] = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Classify many articles at once, without an endpoint: a batch transform job, then a file with the results."""
    from workshop.data.batches import check_output, output_beside, read_unlabelled
    from workshop.runs.classify import find_classification, run_with_model, start_classification

    settings = settings_of(folder)
    for name in filter(None, (run, collect)):
        check_run_name(full_name(Names(settings.name), name))
    if bool(articles) == (collect is not None):
        raise InputError("give articles to classify, a folder or files, or --collect RUN; one of the two.")
    batch = read_unlabelled(articles) if articles else []
    target = check_output(output) if output else output_beside(articles) if articles else Path(f"{collect}.csv")
    if batch and not yes and not may_ask():
        raise InputError("nobody can be asked here whether to start it. Add --yes.")
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        user = participant(aws, deployment.names)
        if collect is not None:
            started = find_classification(aws, deployment, check_run_name(deployment.full_name(collect)))
        else:
            given = check_run_name(deployment.full_name(run)) if run is not None else ""
            of = run_with_model(aws.client("s3"), deployment, given, user=user)
            require_room(aws, deployment, settings, articles=True)
            prices = PriceList(aws, settings.prices)
            say(f"{len(batch):,} articles, by the model of run {of}")
            say(f"costs: {estimate_classification(settings, prices)}")
            if prices.remark:
                say(prices.remark)
            if not yes:
                typer.confirm("Start it?", abort=True)
            started = start_classification(aws, deployment, (each.line() for each in batch), of=of, user=user)
            say(f"run {started.name}; after Ctrl-C: `.venv/bin/workshop classify --collect {started.name}`")
        _follow(aws, started, settings.prices)
        _fetch(aws, deployment, started, user, target)


def _follow(aws: Account, started: Run, own: dict[str, float]) -> None:
    """The model goes also where the workflow could not remove it, because it was stopped or refused."""
    from workshop.runs.classify import remove_model

    try:
        show(aws, started, own)
    except WorkshopError:
        remove_model(aws, started.name)
        raise


def _fetch(aws: Account, deployment: Deployment, started: Run, user: str, target: Path) -> None:
    from workshop.data.batches import read_answers, write_classified
    from workshop.runs.classify import answers_of

    answers = [
        answer
        for name, content in answers_of(aws, deployment, started.name, user=user)
        for answer in read_answers(content, name)
    ]
    write_classified(target, answers)
    counts = Counter(answer.category for answer in answers)
    show_table("Articles", ("category", "articles"), [(name, f"{count:,}") for name, count in counts.most_common()])
    say(f"{short(target)}: {len(answers):,} articles with their categories")
