"""Whether AWS's own budget will see anything: it looks at the workshop's tag, which somebody has to activate."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings import TAG_KEY, Settings
from workshop.aws.account import Account
from workshop.checks.check import Check, State

COST_EXPLORER_REGION = "us-east-1"
WAY_OUT = f"activate the tag {TAG_KEY!r} in the Billing console (Cost allocation tags); it takes a day"


def check_budget(account: Account, settings: Settings) -> Iterator[Check]:
    """Nothing where no budget of AWS's is set.

    Raises:
        AWS_ERRORS: the caller may not see it, as in an organisation's member accounts.
    """
    if not settings.budget or not settings.budget.email:
        return
    tags = account.client("ce", COST_EXPLORER_REGION).list_cost_allocation_tags(TagKeys=[TAG_KEY])["CostAllocationTags"]
    if any(tag["Status"] == "Active" for tag in tags):
        yield Check("budget", State.OK, f"costs are told apart by the tag {TAG_KEY!r}")
        return
    text = (
        f"AWS's budget sees no costs: the tag {TAG_KEY!r} is no active cost allocation tag. The workflow stops anyway"
    )
    yield Check("budget", State.TO_DO, text, WAY_OUT)
