"""The command that looks for better hyperparameters."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from chitra.errors import InputError
from chitra.hyperparameters import parse_hyperparameters
from infra import tuning as requests
from infra.names import Names
from infra.settings import PROJECT
from workshop.aws.account import Account
from workshop.aws.caller import participant
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.aws.run_names import check_tuning_name, full_name, new_tuning_name
from workshop.commands.common import FolderOption, JsonLinesOption, account_of, say, settings_of
from workshop.commands.following import show
from workshop.commands.runs import corpus_of, pair, require_usable_images, say_costs, say_own_corpus, say_started
from workshop.commands.tables import show_table
from workshop.runs.meter import require_room
from workshop.runs.run import Run, start_run
from workshop.runs.tuning import best_trial, names_of, plan, trials_of


class Strategy(StrEnum):
    BAYESIAN = requests.BAYESIAN
    HYPERBAND = requests.HYPERBAND


def tune(
    ranges: Annotated[
        list[str] | None,
        typer.Option(
            "--range",
            "-r",
            help="NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE; learning rate and batch size when left out.",
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Trainings in all; as many as cdk.json allows.")] = None,
    parallel: Annotated[int | None, typer.Option(help="Trainings at a time; as many as cdk.json allows.")] = None,
    strategy: Annotated[
        Strategy, typer.Option(help="How values are chosen; Hyperband stops what falls behind after an epoch or more.")
    ] = Strategy.BAYESIAN,
    hyperparameter: Annotated[list[str] | None, typer.Option("--hyperparameter", "-p", help="name=value.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; your name and the time when left out.")] = None,
    endpoint: Annotated[
        bool, typer.Option(help="Also create an endpoint, which costs money until it expires.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonLinesOption = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Train several models with other hyperparameters each, and keep the best by validation accuracy.

    Says what it may cost, and asks before it starts.
    """
    settings = settings_of(folder)
    names = Names(settings.name)
    asked = plan(settings.limits, jobs=jobs, parallel=parallel, strategy=strategy.value, ranges=ranges or [])
    overrides = dict(pair(text) for text in hyperparameter or [])
    parse_hyperparameters(overrides)
    if both := sorted(overrides.keys() & set(names_of(asked.ranges))):
        raise InputError(f"--hyperparameter {both[0]}: has a range, too. Leave one of the two out.")
    if as_json and not yes:
        raise InputError("--json: asks nobody. Give --yes, too.")
    if name is not None:
        check_tuning_name(full_name(names, name))
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        user = participant(aws, names)
        chosen = check_tuning_name(deployment.full_name(name)) if name is not None else new_tuning_name(names, user)
        require_usable_images(aws, deployment)
        corpus = corpus_of(aws, deployment, user)
        hours = settings.endpoint.hours_to_live if endpoint else 0
        require_room(aws, deployment, settings, jobs=True, hours=hours, trainings=asked.jobs)
        if not as_json:
            say_own_corpus(deployment, corpus)
            minutes = settings.training.max_runtime_minutes
            say(f"{asked.jobs} trainings, {asked.parallel} at a time, each of {minutes} minutes at most")
            say_costs(aws, settings, jobs=True, hours=hours, trainings=asked.jobs)
        if not yes:
            typer.confirm("Start?", abort=True)
        started = start_run(
            aws,
            deployment,
            hyperparameters=overrides,
            endpoint=endpoint,
            name=chosen,
            corpus=corpus,
            tuning=asked.to_json(),
        )
        say_started(started, deployment, corpus, hours or None, as_json=as_json)
        show(aws, started, settings.prices, as_json=as_json)
        if not as_json:
            _say_trials(aws, started, is_served=endpoint)
    if endpoint and not as_json:
        say(f"endpoint {started.name} deletes itself in {hours} hours")


def _say_trials(aws: Account, run: Run, *, is_served: bool) -> None:
    """The best ones first."""
    trials = sorted(trials_of(aws.client("sagemaker"), run.name), key=lambda each: each.accuracy or 0.0, reverse=True)
    rows = [
        (each.job, "" if each.accuracy is None else f"{each.accuracy:.4f}", each.status, each.values_text)
        for each in trials
    ]
    show_table("Trainings", ("run", "validation accuracy", "state", "hyperparameters"), rows)
    if best := best_trial(aws, run.name):
        say(f"best: {best}")
        if not is_served:
            say(f"serve it: .venv/bin/workshop endpoint create {run.name}")
