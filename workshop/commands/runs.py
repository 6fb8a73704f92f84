"""Commands of the day itself: corpus, runs, predictions, taking home."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from chitra.errors import InputError, WorkshopError
from chitra.hyperparameters import parse_hyperparameters
from infra.names import CORPUS_PREFIX, Names
from infra.settings import PROJECT, Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.aws.caller import participant
from workshop.aws.deployment import Deployment, aws_errors, find_deployment
from workshop.aws.run_names import check_run_name, full_name, new_run_name
from workshop.commands.common import (
    CorpusOption,
    FolderOption,
    JsonLinesOption,
    account_of,
    console,
    errors,
    plain,
    say,
    settings_of,
)
from workshop.commands.following import show
from workshop.commands.json_lines import print_line
from workshop.commands.transfer import EXPORT, export_runs, export_with_progress
from workshop.data.results import runs_with_results
from workshop.runs.costs import PriceList
from workshop.runs.endpoint import exact_name
from workshop.runs.estimate import estimate
from workshop.runs.follow import read_logs
from workshop.runs.image_check import why_refused
from workshop.runs.meter import require_room
from workshop.runs.run import Run, find_run, start_run, stop_run


def upload(corpus: CorpusOption, folder: FolderOption = PROJECT) -> None:
    """Put a corpus into the workshop's bucket: the organiser's for everybody, a participant's for their own runs."""
    from workshop.data.upload import upload_corpus

    settings = settings_of(folder)
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        prefix = deployment.names.corpus_prefix(participant(aws, deployment.names))
        instances = settings.preprocessing.instance_count
        count = upload_corpus(aws.client("s3"), deployment, corpus, prefix=prefix, instances=instances)
    say(f"s3://{deployment.bucket}/{prefix}: {count:,} articles")


def run(
    name: Annotated[str | None, typer.Option(help="Name of the run; your name and the time when left out.")] = None,
    hyperparameter: Annotated[list[str] | None, typer.Option("--hyperparameter", "-p", help="name=value.")] = None,
    endpoint: Annotated[
        bool, typer.Option(help="Also create an endpoint, which costs money until it expires.")
    ] = False,
    as_json: JsonLinesOption = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Preprocess and train on AWS, and follow it."""
    settings = settings_of(folder)
    names = Names(settings.name)
    if name is not None:
        check_run_name(full_name(names, name))
    overrides = dict(pair(text) for text in hyperparameter or [])
    parse_hyperparameters(overrides)
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        chosen = check_run_name(deployment.full_name(name)) if name is not None else ""
        require_usable_images(aws, deployment)
        user = participant(aws, names)
        chosen = chosen or new_run_name(names, user)
        corpus = corpus_of(aws, deployment, user)
        if not as_json:
            say_own_corpus(deployment, corpus)
        hours = settings.endpoint.hours_to_live if endpoint else None
        require_room(aws, deployment, settings, jobs=True, hours=hours or 0)
        if not as_json:
            say_costs(aws, settings, jobs=True, hours=hours or 0)
        started = start_run(aws, deployment, hyperparameters=overrides, endpoint=endpoint, name=chosen, corpus=corpus)
        say_started(started, deployment, corpus, hours, as_json=as_json)
        show(aws, started, settings.prices, as_json=as_json)
    if hours and not as_json:
        say(f"endpoint {started.name} deletes itself in {hours} hours")


def require_usable_images(aws: Account, deployment: Deployment) -> None:
    """Raises WorkshopError for an image that SageMaker would refuse."""
    for image in deployment.images:
        if refusal := why_refused(aws, image):
            raise WorkshopError(refusal)


def say_own_corpus(deployment: Deployment, corpus: str) -> None:
    if corpus != CORPUS_PREFIX:
        say(f"corpus: your own, s3://{deployment.bucket}/{corpus}")


def say_started(run: Run, deployment: Deployment, corpus: str, hours: int | None, *, as_json: bool) -> None:
    """``hours`` is how long the endpoint that it ends with lives, None without one."""
    if as_json:
        print_line("run", run=run.name, corpus=f"s3://{deployment.bucket}/{corpus}", endpoint_hours=hours)
    else:
        say(f"run {run.name}")


def say_costs(aws: Account, settings: Settings, *, jobs: bool, hours: int, trainings: int = 1) -> None:
    """Before anything starts."""
    prices = PriceList(aws, settings.prices)
    try:
        say(f"costs: {estimate(aws, settings, prices, jobs=jobs, hours=hours, trainings=trainings)}")
    except AWS_ERRORS as error:
        say(f"costs are unknown: {advice(error)}")
    if prices.remark:
        say(prices.remark)


def corpus_of(aws: Account, deployment: Deployment, user: str) -> str:
    """The prefix of the caller's own corpus when they uploaded one, and of the workshop's else."""
    from workshop.data.upload import has_corpus

    prefix = deployment.names.corpus_prefix(user)
    if prefix != CORPUS_PREFIX and has_corpus(aws.client("s3"), deployment.bucket, prefix):
        return prefix
    return CORPUS_PREFIX


RunName = Annotated[str, typer.Argument(help="Name of the run, as `workshop run` printed it.")]


def follow(name: RunName, as_json: JsonLinesOption = False, folder: FolderOption = PROJECT) -> None:
    """Show a run from its beginning, until it ends."""
    with aws_errors():
        aws, found = _find(name, folder)
        if as_json:
            print_line("run", run=found.name)
        remark = show(aws, found, settings_of(folder).prices, as_json=as_json)
    if remark:
        errors.print(plain(remark)) if as_json else say(remark)


def logs(name: RunName, folder: FolderOption = PROJECT) -> None:
    """Print what the jobs of a run have written so far."""
    with aws_errors():
        aws, found = _find(name, folder)
        stage = ""
        for line in read_logs(aws, found):
            if line.stage != stage:
                stage = line.stage
                say(stage, style="bold")
            say(f"  {line.text}")
    if not stage:
        say(f"{found.name} has written no log yet")


def stop(name: RunName, folder: FolderOption = PROJECT) -> None:
    """End a run with the job at work. An endpoint that it made stays until its schedule, or you, delete it."""
    with aws_errors():
        aws, found = _find(name, folder)
        status = stop_run(aws, found)
    say(f"{found.name} was {status} already" if status != "RUNNING" else f"{found.name} is stopped; its job ends")


def _find(name: str, folder: Path) -> tuple[Account, Run]:
    settings = settings_of(folder)
    check_run_name(full_name(Names(settings.name), name))
    aws = account_of(settings)
    deployment = find_deployment(aws, settings)
    return aws, find_run(aws, deployment, check_run_name(deployment.full_name(name)))


def pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key or not value:
        raise InputError(f"--hyperparameter {text}: write name=value, for example epochs=2.")
    return key, value


def predict(
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts; one per line of standard input when left out.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="Your newest one when left out.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="An exported run's folder model/; it answers without endpoint and account.")
    ] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Classify texts with an endpoint, or with a model on this disk."""
    texts = text or [line.strip() for line in _standard_input().split("\n") if line.strip()]
    if not texts:
        raise InputError("no text was given. Write: .venv/bin/workshop predict 'a text'.")
    if model and endpoint is not None:
        raise InputError("--model: goes not with --endpoint.")
    answers = _answers_of_model(model, texts) if model else _answers_of_endpoint(endpoint, texts, folder)
    for given, answer in zip(texts, answers, strict=True):
        score = answer["scores"][answer["label_name"]]
        say(f"{answer['label_name']:>16} {score:.3f}  {given[:60]}")


def _answers_of_model(model: Path, texts: list[str]) -> list[dict[str, Any]]:
    from workshop.runs.own_model import predict_with

    with errors.status("The model is loaded, then it reads the texts"):
        return predict_with(model, texts)


def _answers_of_endpoint(endpoint: str | None, texts: list[str], folder: Path) -> list[dict[str, Any]]:
    from workshop.runs.predict import PORTION
    from workshop.runs.predict import predict as ask

    settings = settings_of(folder)
    aws = account_of(settings)
    if endpoint is not None:
        check_run_name(endpoint)
    with aws_errors():
        chosen = exact_name(aws, settings, endpoint) if endpoint else _newest_endpoint(aws, settings)
        if not endpoint:
            errors.print(plain(f"endpoint {chosen}"))
        with Progress(console=console, transient=True, disable=len(texts) <= PORTION) as bar:
            task = bar.add_task("texts", total=len(texts))
            return ask(aws, chosen, texts, lambda count: bar.advance(task, count))


def _newest_endpoint(aws: Account, settings: Settings) -> str:
    from workshop.runs.predict import newest_endpoint

    deployment = find_deployment(aws, settings)
    user = participant(aws, deployment.names)
    return newest_endpoint(aws, deployment.names, user, deployment.run_prefix)


def _standard_input() -> str:
    """Raises InputError where it is in another encoding than UTF-8."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("standard input is not UTF-8. Convert it, say with: iconv -f SHIFT_JIS -t UTF-8.") from error


def export(
    name: Annotated[
        str | None, typer.Argument(help="Name of the run, as `workshop run` printed it; all runs when left out.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where to put it; export/ in the workshop's folder when left out."),
    ] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Download models, reports and datasets, verified; run it again to go on with what was cut off."""
    settings = settings_of(folder)
    if name is not None:
        check_run_name(full_name(Names(settings.name), name))
    target = output or folder / EXPORT
    aws = account_of(settings)
    with aws_errors():
        s3 = aws.client("s3")
        deployment = find_deployment(aws, settings)
        bucket, by = deployment.bucket, participant(aws, deployment.names)
        if name is not None:
            export_with_progress(s3, bucket, check_run_name(deployment.full_name(name)), target, by=by)
            return
        runs = runs_with_results(s3, bucket, deployment.own_runs)
        for refusal in runs.refused:
            say(str(refusal))
        export_runs(s3, bucket, runs.names, target, by=by)
    if not runs.names:
        say("no run left a model or a dataset yet")
