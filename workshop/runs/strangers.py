"""What bills in SageMaker and is no workshop's: forgotten perhaps, or somebody's. It is shown, never removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.prices import usd
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice, is_denied
from workshop.aws.kinds import ENDPOINT, NOTEBOOK, PROCESSING, TRAINING, TRANSFORM
from workshop.aws.tags import owner_in_sagemaker
from workshop.aws.waiting import none_if_missing, pages_where_offered
from workshop.runs.costs import PriceList, capacity_of

# A kind and the state in which it bills.
BILLING = (
    (ENDPOINT, "InService"),
    (NOTEBOOK, "InService"),
    (PROCESSING, "InProgress"),
    (TRAINING, "InProgress"),
    (TRANSFORM, "InProgress"),
)


@dataclass(frozen=True, slots=True)
class Stranger:
    """``costs`` are instances and dollars per hour, in words."""

    kind: str
    name: str
    costs: str

    def __str__(self) -> str:
        return f"bills, and is no workshop's: {self.kind} {self.name} ({self.costs})"


def list_strangers(account: Account, prices: PriceList) -> Iterator[Stranger | str]:
    """In the settings' region; a text says what could not be looked at. What the caller may not list is left out."""
    sagemaker = account.client("sagemaker")
    for kind, state in BILLING:
        try:
            pages = pages_where_offered(sagemaker, kind.plural_operation, StatusEquals=state)
            listed = [(entry[kind.name_key], entry[kind.arn_key]) for page in pages for entry in page[kind.list_key]]
            for name, arn in listed:
                if owner_in_sagemaker(sagemaker, arn) is None:
                    yield Stranger(kind.title, name, _costs(account, prices, kind.title, name))
        except AWS_ERRORS as error:
            if not is_denied(error):
                yield f"not looked for: {kind.title}s of no workshop: {advice(error)}"


def _costs(account: Account, prices: PriceList, kind: str, name: str) -> str:
    capacity = none_if_missing(lambda: capacity_of(account, kind, name, account.region)) or []
    if not capacity:
        return "unknown"
    return f"{', '.join(map(str, capacity))}: {usd(prices.together(account.region, capacity))} per hour"
