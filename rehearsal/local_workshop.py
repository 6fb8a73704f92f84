"""The real stacks, deployed by the real CDK CLI into a local AWS; and its end, with the proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from rich.console import Console

from chitra.errors import WorkshopError
from infra.names import Names
from infra.settings import Settings
from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, LocalAws, LocalAwsError
from rehearsal.docker_for_cdk import write_command
from rehearsal.inventory import inventory
from rehearsal.programs import StepFailedError, cdk, synth, tear_down
from rehearsal.progress import Progress
from workshop.access.credentials import CredentialIssuer, users_of_stack
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS
from workshop.aws.deployment import Deployment, find_deployment
from workshop.commands.common import plain
from workshop.data.upload import upload_corpus

TAIL_LINES = 12


class LeftoversError(StepFailedError):
    """The teardown left something behind."""

    def __init__(self, leftovers: list[str]) -> None:
        super().__init__(f"{len(leftovers)} things were left: {', '.join(leftovers[:5])}")
        self.leftovers = leftovers


@dataclass(frozen=True, slots=True)
class LocalWorkshop:
    """A deployed workshop. ``before`` is what stood in the account before the deployment."""

    aws: LocalAws
    root: boto3.Session
    deployment: Deployment
    before: frozenset[str]

    @property
    def organiser(self) -> Account:
        return Account(self.root)

    def issuer(self, folder: Path) -> CredentialIssuer:
        """Of the participants' credentials, into a folder."""
        names = self.deployment.names
        users = users_of_stack(self.organiser.client("cloudformation"), names)
        return CredentialIssuer(self.organiser.client("iam"), names, ACCOUNT, self.aws.region, folder, users)


@contextmanager
def steps_told(console: Console, title: str, folder: Path, total: int = 0) -> Iterator[Progress]:
    """Shows the steps, of which there are ``total`` if that is known; what ends one is told with the end of its log.

    Raises:
        StepFailedError: names the step; every process is stopped by then.
    """
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console, title, total))
        try:
            yield progress
        except KeyboardInterrupt:
            stack.close()
            where = progress.steps[-1].name if progress.steps else "start"
            console.print(plain(f"interrupted during step {where!r}; every process was stopped"), soft_wrap=True)
            raise
        except (WorkshopError, LocalAwsError, *AWS_ERRORS) as error:
            stack.close()
            failed = progress.steps[-1]
            for line in list(failed.tail)[-TAIL_LINES:]:
                console.print(plain(f"  {line}"), soft_wrap=True)
            raise StepFailedError(
                f"step {failed.name!r}: {str(error).rstrip('.')}. All processes were stopped; mend the cause and run "
                f"the command again. The local AWS's own log is {folder / 'local-aws.log'}."
            ) from error


@contextmanager
def deployed(
    progress: Progress,
    settings: Settings,
    runtime: Runtime,
    *,
    home: Path,
    folder: Path,
    quotas: Mapping[str, int] | None = None,
    throttled: bool = False,
    stay_file: Path | None = None,
) -> Iterator[LocalWorkshop]:
    """A workshop with the settings of ``home``'s cdk.json, which are ``settings``; ``folder`` takes its files.

    The other arguments are those of ``LocalAws``.
    """
    assembly = folder / "cdk.out"
    with progress.step("Synthesise the stacks") as step:
        synth(home, assembly, step)
    with ExitStack() as stack:
        with progress.step("Start the local AWS") as step:
            local = LocalAws(
                folder,
                runtime=runtime,
                region=settings.region,
                quotas=quotas,
                throttled=throttled,
                stay_file=stay_file,
            )
            aws = stack.enter_context(local)
            step.note = f"http://localhost:{aws.port}"
        yield _deploy(progress, settings, aws, runtime, home=home, folder=folder)


def _deploy(
    progress: Progress, settings: Settings, aws: LocalAws, runtime: Runtime, *, home: Path, folder: Path
) -> LocalWorkshop:
    cdk_out = ["--app", str(folder / "cdk.out")]
    with progress.step("Bootstrap") as step:
        cdk(home, ["bootstrap", f"aws://{ACCOUNT}/{settings.region}", *cdk_out], aws.environment(), step)
    root = aws.session()
    before = frozenset(inventory(root))
    with progress.step("Deploy") as step:
        docker = write_command(folder, runtime.model_dir) if runtime.docker else {}
        deploy = ["deploy", "--all", "--require-approval", "never", *cdk_out]
        cdk(home, deploy, aws.environment() | docker, step)
        step.note = f"{len(Names(settings.name).stacks)} stacks"
        return LocalWorkshop(aws, root, find_deployment(Account(root), settings), before)


def upload_to(progress: Progress, workshop: LocalWorkshop, corpus: Path, settings: Settings) -> None:
    with progress.step("Upload the corpus"):
        instances = settings.preprocessing.instance_count
        upload_corpus(workshop.organiser.client("s3"), workshop.deployment, corpus, instances=instances)


def take_down(progress: Progress, workshop: LocalWorkshop, folder: Path, *, discard_data: bool = False) -> list[str]:
    """End it with the organiser's own command; returns what is left of it, as ``kind name``: nothing.

    Raises:
        LeftoversError: something is.
    """
    with progress.step("Tear down") as step:
        step.note = f"{tear_down(workshop.aws, folder, step, discard_data=discard_data)} things removed"
    with progress.step("Look for leftovers") as step:
        left = sorted(inventory(workshop.root) - workshop.before)
        step.note = f"{len(left)} found"
        if left:
            raise LeftoversError(left)
    return left
