"""Commands of the organiser before the day: checks, the image and credentials."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from chitra.errors import InputError, WorkshopError
from infra.jobs import SMOKE_MINUTES
from infra.names import Names
from infra.settings import PROJECT, Settings
from workshop.access.credentials import (
    CredentialIssuer,
    give_password,
    holds_keys,
    issue,
    revoke,
    rotate,
    users_of_stack,
)
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.checks.check import State
from workshop.commands.common import (
    EXIT_FAILED,
    FolderOption,
    JsonOption,
    account_of,
    print_json,
    say,
    settings_of,
    short,
    signed_in,
)
from workshop.commands.following import print_events
from workshop.commands.tables import show_table
from workshop.doctor import examine
from workshop.runs import image_build as building
from workshop.runs.costs import PriceList
from workshop.runs.follow import follow_training_job
from workshop.runs.image_check import why_refused
from workshop.runs.smoke import cost_at_most, judge_smoke, start_smoke

CREDENTIALS = "credentials"  # below the workshop's folder; git ignores it in the project's
COLOURS = {State.OK: "green", State.TO_DO: "yellow", State.UNKNOWN: "yellow", State.FAILED: "red"}


def doctor(as_json: JsonOption = False, folder: FolderOption = PROJECT) -> None:
    """Check account, quotas and this machine before a deployment; fails on what would break it."""
    settings = settings_of(folder)
    checks = list(examine(account_of(settings), settings, PROJECT, folder))
    failed = [check for check in checks if check.state is State.FAILED]
    if as_json:
        print_json({"checks": list(map(asdict, checks))})
        raise typer.Exit(EXIT_FAILED if failed else 0)
    rows = [(check.subject, Text(check.state.value, COLOURS[check.state]), check.finding) for check in checks]
    show_table("Doctor", ("check", "state", "finding"), rows)
    for check in (check for check in checks if check.fix):
        say(f"{check.subject}: {check.fix}")
    if failed:
        say(f"{len(failed)} checks failed")
        raise typer.Exit(EXIT_FAILED)
    say("the day before, once more, and `.venv/bin/workshop smoke`: some minutes of training on the instance itself")


def build_image(folder: FolderOption = PROJECT) -> None:
    """Build the images in CodeBuild and follow the build, for a deployment with image_source codebuild."""
    settings = settings_of(folder)
    if settings.image_source != "codebuild":
        raise InputError(f"cdk.json: workshop.image_source: is {settings.image_source}; builds are for codebuild.")
    with aws_errors():
        opened = account_of(settings)
        deployment = find_deployment(opened, settings)
        if building.is_built(opened, deployment):
            for image in deployment.images:
                say(f"{image}: is there already")
            return
        for line in building.build_image(opened, deployment.names):
            say(line)
        for image in deployment.images:
            say(f"{image}: pushed")


def smoke(folder: FolderOption = PROJECT) -> None:
    """Train for some minutes on the workshop's instance: is it good enough for the day? Ends with 1 when it is not."""
    settings = settings_of(folder)
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        if refusal := why_refused(aws, deployment.training_image):
            raise WorkshopError(refusal)
        say(cost_at_most(PriceList(aws, settings.prices), settings))
        name = start_smoke(aws, deployment, settings)
        say(f"training job {name}")
        stop = f"aws sagemaker stop-training-job --training-job-name {name} --region {settings.region}"
        farewell = f"{name} goes on without you, for {SMOKE_MINUTES} minutes at most. End it: `{stop}`."
        print_events(follow_training_job(aws, name), farewell)
        verdict = judge_smoke(aws, settings, name)
    say(str(verdict), "green" if verdict.good else "red")
    if not verdict.good:
        raise typer.Exit(EXIT_FAILED)


def credentials(
    participant: Annotated[str | None, typer.Argument(help="Name as in cdk.json.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All participants of cdk.json.")] = False,
    rotating: Annotated[bool, typer.Option("--rotate", help="A new key; the earlier ones are deleted.")] = False,
    revoking: Annotated[bool, typer.Option("--revoke", help="Delete keys, console password and files.")] = False,
    console_password: Annotated[
        bool, typer.Option("--console", help="Also a temporary console password, which must be changed.")
    ] = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Issue an access key per participant: credentials/NAME.ini and a sheet, NAME.md, for them alone."""
    settings = settings_of(folder)
    chosen = _chosen(settings, participant, everybody=everybody)
    if revoking and (rotating or console_password):
        raise InputError("--revoke: goes neither with --rotate nor with --console.")
    with aws_errors():
        account = signed_in(settings)
        names = Names(settings.name)
        users = users_of_stack(account.client("cloudformation"), names)
        private = folder / CREDENTIALS
        issuer = CredentialIssuer(account.client("iam"), names, account.number, settings.region, private, users)
        for each in chosen:
            if revoking:
                say(f"{each}: {revoke(issuer, each)} access keys deleted")
                continue
            if everybody and not rotating and holds_keys(issuer, each):
                password = f"; {short(give_password(issuer, each))} has a new password" if console_password else ""
                say(f"{each}: has an access key already (--rotate replaces it){password}")
                continue
            file = (rotate if rotating else issue)(issuer, each, console=console_password)
            say(f"{each}: {short(file)} and {short(issuer.sheet(each))}")


def _chosen(settings: Settings, participant: str | None, *, everybody: bool) -> list[str]:
    if everybody == (participant is not None):
        raise InputError("name one participant, or --all. In cdk.json are: " + ", ".join(settings.participants) + ".")
    return [participant] if participant else list(settings.participants)
