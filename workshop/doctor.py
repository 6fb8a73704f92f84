"""Checks before a workshop: what would break the deployment or the day, each with its fix."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import NoCredentialsError

from infra.names import BOOTSTRAP_VERSION_PARAMETER, IMAGE_KEYS, Names, bootstrap_roles
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.aws.permissions import BOOTSTRAP_ACTIONS, ORGANISER_ACTIONS
from workshop.aws.stacks import describe_stack
from workshop.aws.tags import owner
from workshop.aws.waiting import none_if_missing
from workshop.checks.budget import check_budget
from workshop.checks.check import Check, State
from workshop.checks.definition import check_definition
from workshop.checks.quotas import check_quotas
from workshop.data.fetch import CORPUS, DOWNLOADS
from workshop.runs.image_check import why_refused

BOOTSTRAP_VERSION = 8  # from which on the CLI's deploy role may read the version (CDK guide, "Bootstrap template")
ENOUGH_DISK_GB, LEAST_DISK_GB = 20, 16  # the image has some 8 GB, its build cache as much again
GIGABYTE = 1e9
DEPLOYABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS")


def examine(account: Account, settings: Settings, project: Path, folder: Path) -> Iterator[Check]:
    """Every check, in the order in which one would mend things.

    `cdk deploy` works in the ``project``; ``folder`` is the workshop's, where downloads are.
    """
    yield from _machine(settings, project, folder)
    signed_in = _credentials(account)
    yield signed_in
    if signed_in.state is not State.OK:
        return
    aws: tuple[tuple[str, Callable[[Account, Settings], Iterator[Check]]], ...] = (
        ("region", _region),
        ("bootstrap", _bootstrap),
        ("stacks", _stacks),
        ("permissions", _permissions),
        ("image", _image),
        ("workflow", partial(check_definition, project=project)),
        ("quotas", check_quotas),
        ("budget", check_budget),
    )
    for subject, check in aws:
        try:
            yield from check(account, settings)
        except AWS_ERRORS as error:
            yield Check(subject, State.UNKNOWN, advice(error), "grant the permission, or check by hand")


def _credentials(account: Account) -> Check:
    try:
        caller = account.caller
    except NoCredentialsError:
        return Check("credentials", State.FAILED, "none were found", "set AWS_PROFILE, or run `aws configure`")
    except AWS_ERRORS as error:
        return Check("credentials", State.FAILED, advice(error), "renew the credentials")
    return Check("credentials", State.OK, f"account {caller['Account']}, {caller['Arn']}")


def _machine(settings: Settings, project: Path, folder: Path) -> Iterator[Check]:
    cli = project / "node_modules/.bin/cdk"
    yield (
        Check("CDK command line", State.OK, "there")
        if cli.exists()
        else Check("CDK command line", State.FAILED, "is not installed", "make setup")
    )
    yield (
        _docker()
        if settings.image_source == "local"
        else Check("Docker", State.OK, f"not needed with image_source {settings.image_source}")
    )
    free = shutil.disk_usage(project).free / GIGABYTE
    disk = State.OK if free >= ENOUGH_DISK_GB else State.TO_DO if free >= LEAST_DISK_GB else State.FAILED
    yield Check(
        "disk", disk, f"{free:.0f} GB free", "" if disk is State.OK else f"free {ENOUGH_DISK_GB} GB for the image"
    )
    yield _model(settings, project)
    corpus = folder / DOWNLOADS / CORPUS.file_name
    yield (
        Check("corpus", State.OK, str(corpus.name))
        if corpus.exists()
        else Check(
            "corpus", State.TO_DO, "is not on this machine", ".venv/bin/workshop fetch corpus (or bring your own)"
        )
    )


def _docker() -> Check:
    """The engine that `cdk deploy` builds with, its builder, and how it stores images."""
    try:
        done = _engine("info", "--format", "{{json .DriverStatus}}")
        problem = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["does not answer"])[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = "is not installed" if isinstance(error, FileNotFoundError) else "does not answer"
    if problem:
        return Check("Docker", State.FAILED, problem, "install and start Docker: `cdk deploy` builds the image with it")
    if _engine("buildx", "version").returncode != 0:
        return Check("Docker", State.FAILED, "has no buildx", "install Docker's plugin buildx: the build needs it")
    if "containerd.snapshotter" in done.stdout:
        return Check("Docker", State.OK, "engine answers, with containerd's store; the build asks for Docker's format")
    return Check("Docker", State.OK, "engine answers")


def _engine(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [os.environ.get("CDK_DOCKER", "docker"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def _model(settings: Settings, project: Path) -> Check:
    address = settings.model.address
    if settings.model.is_local:
        if (project / address).exists():
            return Check("model", State.OK, address)
        return Check("model", State.FAILED, f"{address} does not exist", "put the archive there, or correct cdk.json")
    try:
        answer = httpx.head(address, follow_redirects=True, timeout=10)
        problem = "" if answer.is_success else f"{address} answers {answer.status_code}"
    except httpx.HTTPError as error:
        return Check("model", State.UNKNOWN, f"{address} cannot be reached ({error})", "the image's build fetches it")
    if problem:
        return Check("model", State.FAILED, problem, "correct model.address in cdk.json")
    if not settings.model.sha256:
        return Check("model", State.TO_DO, "no checksum is set", "fill in model.sha256, as the image's build prints it")
    return Check("model", State.OK, address)


def _region(account: Account, settings: Settings) -> Iterator[Check]:
    enabled = {entry["RegionName"] for entry in account.client("ec2").describe_regions()["Regions"]}
    if settings.region in enabled:
        yield Check("region", State.OK, settings.region)
    else:
        yield Check("region", State.FAILED, f"{settings.region} is switched off", "switch it on (Account, AWS Regions)")


def _bootstrap(account: Account, settings: Settings) -> Iterator[Check]:
    fix = f"make deploy does it, or: cdk bootstrap aws://{account.number}/{settings.region}"
    version = _bootstrap_version(account)
    if not version:
        yield Check("bootstrap", State.TO_DO, "this region is not bootstrapped", fix)
    elif version < BOOTSTRAP_VERSION:
        yield Check("bootstrap", State.TO_DO, f"version {version}, {BOOTSTRAP_VERSION} is needed", fix)
    else:
        yield Check("bootstrap", State.OK, f"version {version}")


def _bootstrap_version(account: Account) -> int:
    """0 where the region is not bootstrapped."""
    ssm = account.client("ssm")
    answer = none_if_missing(lambda: ssm.get_parameters(Names=[BOOTSTRAP_VERSION_PARAMETER]))
    return max((int(parameter["Value"]) for parameter in answer["Parameters"]), default=0) if answer else 0


def _stacks(account: Account, settings: Settings) -> Iterator[Check]:
    names = Names(settings.name)
    for name in names.stacks:
        stack = describe_stack(account.client("cloudformation"), name)
        if stack is None:
            continue
        if owner(stack.get("Tags", [])) != settings.name:
            fix = "choose another name in cdk.json"
            yield Check("stacks", State.FAILED, f"{name} exists and is not this workshop's", fix)
        elif stack["StackStatus"] not in DEPLOYABLE:
            yield Check("stacks", State.FAILED, f"{name} is {stack['StackStatus']}", "make teardown, then deploy anew")
        else:
            yield Check("stacks", State.OK, f"{name} is {stack['StackStatus']}")


def _permissions(account: Account, settings: Settings) -> Iterator[Check]:
    """As IAM's simulator sees them; service control policies and boundaries of the organisation count there, too."""
    arn = account.caller["Arn"]
    if arn.endswith(":root"):
        yield Check("permissions", State.OK, "the root user may do everything")
        return
    iam = account.client("iam")
    source = _principal(iam, arn)
    if _bootstrap_version(account) < BOOTSTRAP_VERSION:
        denied = _denied(iam, source, BOOTSTRAP_ACTIONS)
        yield _allowed("to bootstrap", State.FAILED, denied, f"{len(BOOTSTRAP_ACTIONS)} actions allowed")
    roles = bootstrap_roles(account.number, settings.region, images=settings.image_source == "local")
    denied = _denied(iam, source, ["sts:AssumeRole"], roles)
    yield _allowed("to deploy", State.FAILED, denied, f"the {len(roles)} roles of the bootstrap may be assumed")
    denied = _denied(iam, source, ORGANISER_ACTIONS)
    yield _allowed("of the organiser", State.TO_DO, denied, f"{len(ORGANISER_ACTIONS)} actions allowed")


def _allowed(purpose: str, otherwise: State, denied: list[str], finding: str) -> Check:
    subject = f"permissions {purpose}"
    if denied:
        return Check(subject, otherwise, f"missing: {', '.join(denied)}", "ask the account's administrator")
    return Check(subject, State.OK, finding)


def _denied(iam: Any, source: str, actions: Sequence[str], roles: Sequence[str] = ()) -> list[str]:
    """The actions that the simulator does not allow: on any resource, or on each of the ``roles``."""
    request = {"PolicySourceArn": source, "ActionNames": list(actions)} | (
        {"ResourceArns": list(roles)} if roles else {}
    )
    denied = set[str]()
    for page in iam.get_paginator("simulate_principal_policy").paginate(**request):
        for result in page["EvaluationResults"]:
            for each in result.get("ResourceSpecificResults") or [result]:
                on = f" on {each['EvalResourceName'].rpartition('/')[2]}" if roles else ""
                if each.get("EvalResourceDecision", each.get("EvalDecision")) != "allowed":
                    denied.add(result["EvalActionName"] + on)
    return sorted(denied)


def _principal(iam: Any, arn: str) -> str:
    """The role behind an assumed role's session; users as they are."""
    kind, _, rest = arn.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        return arn
    return str(iam.get_role(RoleName=rest.split("/")[0])["Role"]["Arn"])


def _image(account: Account, settings: Settings) -> Iterator[Check]:
    """Whether SageMaker will take the images that are deployed; nothing before a deployment."""
    keys = [Names(settings.name).parameter(key) for key in IMAGE_KEYS]
    found = account.client("ssm").get_parameters(Names=keys)["Parameters"]
    uris = sorted({parameter["Value"] for parameter in found})
    refusals = [refusal for uri in uris if (refusal := why_refused(account, uri))]
    for refusal in refusals:
        yield Check("image", State.FAILED, refusal, "build and push it anew: docs/image.md")
    if uris and not refusals:
        yield Check("image", State.OK, "nothing speaks against it")
