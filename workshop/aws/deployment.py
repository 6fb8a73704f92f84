"""Finds what a deployment offers by the workshop's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chitra.errors import WorkshopError
from infra.names import PARAMETER_KEYS, Names
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.aws.caller import participant
from workshop.aws.run_names import full_name

SCOPED = "scoped"  # of the setting ``access``


@dataclass(frozen=True, slots=True)
class Deployment:
    """What `cdk deploy` made, as its SSM parameters tell.

    ``gate`` is empty for whoever may start the workflow itself. With access ``scoped`` participants start their gate;
    ``execution_role`` is then theirs, and ``run_prefix`` begins the names of their runs.
    """

    names: Names
    bucket: str
    execution_role: str
    workflow: str
    image: str  # preprocessing's
    training_image: str
    endpoint_image: str
    gate: str = ""
    own_runs: str = ""

    @property
    def run_prefix(self) -> str:
        """With what the names of the runs begin that the caller may start and see."""
        return self.own_runs or self.names.run_prefix

    def full_name(self, name: str) -> str:
        """Runs and endpoints may be called without the prefix, or as their executions, without the workshop's."""
        full = full_name(self.names, name)
        return (
            full
            if name.startswith(self.names.run_prefix) or full.startswith(self.run_prefix)
            else self.run_prefix + name
        )

    @property
    def images(self) -> tuple[str, ...]:
        """Each image once, whichever stages share it."""
        return tuple(dict.fromkeys((self.image, self.training_image, self.endpoint_image)))


def find_deployment(account: Account, settings: Settings) -> Deployment:
    """As the caller may use it.

    Raises:
        WorkshopError: the stacks are not deployed in this account and region.
    """
    names = Names(settings.name)
    found = account.client("ssm").get_parameters(Names=[names.parameter(key) for key in PARAMETER_KEYS])
    values = {parameter["Name"]: parameter["Value"] for parameter in found["Parameters"]}
    if len(values) < len(PARAMETER_KEYS):
        raise WorkshopError(
            f"workshop {settings.name!r} is not deployed in {settings.region}. Run `make deploy` first."
        )
    *offered, access = (values[names.parameter(key)] for key in PARAMETER_KEYS)
    deployment = Deployment(names, *offered)
    user = participant(account, names) if access == SCOPED else ""
    return _scoped(deployment, user.removeprefix(names.user(""))) if user else deployment


def _scoped(deployment: Deployment, participant: str) -> Deployment:
    """What there is for one participant is called after them."""
    names = deployment.names
    role, machine = deployment.execution_role.rpartition("/")[0], deployment.workflow.rpartition(":")[0]
    return replace(
        deployment,
        execution_role=f"{role}/{names.job_role(participant)}",
        gate=f"{machine}:{names.gate(participant)}",
        own_runs=names.runs_of(participant),
    )


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn what AWS or its SDK refuses into one line."""
    try:
        yield
    except AWS_ERRORS as error:
        raise WorkshopError(advice(error)) from error
