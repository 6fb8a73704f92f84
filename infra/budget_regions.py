"""Where CloudFormation can make AWS's own budget: not in every region has it the resource."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

# Written from cfn-lint's schemas by `UPDATE_SNAPSHOTS=1 pytest tests/infra/test_budget_regions.py`.
BUDGET_REGIONS = Path(__file__).with_name("budget_regions.json")
RESOURCE = "AWS::Budgets::Budget"


@cache
def regions_without_budget() -> frozenset[str]:
    """Whose CloudFormation does not know the resource."""
    return frozenset(json.loads(BUDGET_REGIONS.read_text(encoding="utf-8"))["without"])
