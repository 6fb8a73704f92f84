"""Where a budget can be told by e-mail, and what the settings say where it cannot."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infra.budget_regions import BUDGET_REGIONS, RESOURCE, regions_without_budget
from infra.names import Names
from infra.settings import SettingsError, parse_settings
from infra.stacks import FoundationStack
from tests.helpers.project import CONTEXT
from tests.infra.test_budget import PRICES

BUDGET = {"amount": 100, "email": "organiser@example.com"}


def test_should_list_the_regions_that_cfn_lint_lists() -> None:
    without = sorted(each for each in REGIONS if RESOURCE not in PROVIDER_SCHEMA_MANAGER.get_resource_types(each))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        source = f"cfn-lint {version('cfn-lint')}, which has the schemas that CloudFormation publishes for each region"
        written = {"source": source, "date": f"{datetime.now(UTC):%Y-%m-%d}", "without": without}
        BUDGET_REGIONS.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        regions_without_budget.cache_clear()
    assert sorted(regions_without_budget()) == without
    assert {"source", "date"} < json.loads(BUDGET_REGIONS.read_text(encoding="utf-8")).keys()


def test_should_refuse_an_address_where_nobody_can_write_to_it() -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_settings(CONTEXT | {"region": "ap-northeast-3", "budget": BUDGET, "prices": PRICES})
    assert str(refusal.value) == (
        "cdk.json: workshop: budget.email: CloudFormation has no AWS::Budgets::Budget in ap-northeast-3; leave "
        "budget.email out (budget.amount stops runs without it) or take another region"
    )


def test_should_ask_for_no_budget_of_awss_without_an_address() -> None:
    for budget in (BUDGET, {"amount": 100}):
        settings = parse_settings(CONTEXT | {"budget": budget, "prices": PRICES})
        stack = FoundationStack(App(), "foundation", settings=settings, names=Names(settings.name))
        Template.from_stack(stack).resource_count_is(RESOURCE, int("email" in budget))
