"""Finds what a deployment offers by the workshop's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chitra.errors import WorkshopError
from infra.names import PARAMETER_KEYS, Names
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice


@dataclass(frozen=True, slots=True)
class Deployment:
    """What `cdk deploy` made, as its SSM parameters tell; after ``names`` come ``PARAMETER_KEYS`` in their order."""

    names: Names
    bucket: str
    execution_role: str
    workflow: str
    image: str  # preprocessing's
    training_image: str
    endpoint_image: str

    @property
    def images(self) -> tuple[str, ...]:
        """Each image once, whichever stages share it."""
        return tuple(dict.fromkeys((self.image, self.training_image, self.endpoint_image)))


def find_deployment(account: Account, settings: Settings) -> Deployment:
    """Raises WorkshopError when the stacks are not deployed in this account and region."""
    names = Names(settings.name)
    found = account.client("ssm").get_parameters(Names=[names.parameter(key) for key in PARAMETER_KEYS])
    values = {parameter["Name"]: parameter["Value"] for parameter in found["Parameters"]}
    if len(values) < len(PARAMETER_KEYS):
        raise WorkshopError(
            f"workshop {settings.name!r} is not deployed in {settings.region}. Run `make deploy` first."
        )
    return Deployment(names, *(values[names.parameter(key)] for key in PARAMETER_KEYS))


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn what AWS or its SDK refuses into one line."""
    try:
        yield
    except AWS_ERRORS as error:
        raise WorkshopError(advice(error)) from error
