"""The page of each of many changes, as it was looked at.

Write the pages anew with UPDATE_SNAPSHOTS=1 pytest tests/review/test_pages.py.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from infra.prices import PriceTable
from review.alarms import forbidden
from review.judgement import judge
from review.page import page
from tests.review.changes import CHANGES
from tests.review.conftest import base

PAGES = Path(__file__).parent / "pages"
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")  # of the image's source: any edit of a program changes it
# How many are removed, replaced, changed and added; what the policy forbids; what else is alarming.
EXPECTED: dict[str, tuple[tuple[int, int, int, int], set[str], set[str]]] = {
    "nothing": ((0, 0, 0, 0), set(), set()),
    "rename-bucket": ((0, 2, 0, 0), {"data-lost"}, set()),
    "drop-encryption": ((0, 0, 1, 0), {"encryption-dropped"}, {"protection-changed"}),
    "drop-tls-only": ((0, 0, 1, 0), {"deny-lifted"}, set()),
    "widen-action": ((0, 0, 1, 0), {"every-action"}, set()),
    "pass-another-role": ((0, 0, 1, 0), {"role-to-any-service"}, set()),
    "attach-administrator": ((0, 0, 1, 0), {"administrator"}, set()),
    "lift-boundary": ((0, 0, 1, 0), {"boundary-lifted"}, set()),
    "remove-expiry": ((0, 0, 1, 0), {"expiry-removed"}, {"limits-changed"}),
    "larger-training-instance": ((0, 0, 3, 0), set(), {"deny-changed", "limits-changed"}),
    "smaller-endpoint": ((0, 0, 3, 0), set(), {"deny-changed", "limits-changed"}),
    "thirty-participants": ((0, 0, 0, 30), set(), set()),
    "codebuild": ((0, 0, 5, 5), set(), set()),
    "endpoint-for-72-hours": ((0, 0, 1, 0), set(), set()),
    "rename-workshop": ((0, 22, 0, 0), {"data-lost"}, set()),
    "power-users": ((0, 0, 1, 1), {"escalation"}, set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_should_show_a_change_as_it_was_looked_at(name: str) -> None:
    judgement = judge(base(), CHANGES[name](), PriceTable())
    counts, refused, warned = EXPECTED[name]
    resources = judgement.as_json()["resources"]
    assert tuple(len(resources[kind]) for kind in ("removed", "replaced", "changed", "added")) == counts
    assert set(judgement.alarms) == refused | warned
    assert set(judgement.alarms) & set(forbidden()) == refused
    text = DIGEST.sub("<sha256>", page(judgement, sorted(refused)))
    file = PAGES / f"{name}.md"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text, encoding="utf-8")
    assert text.splitlines() == file.read_text(encoding="utf-8").splitlines()


def test_should_hold_no_page_that_nothing_is_compared_with() -> None:
    assert {file.stem for file in PAGES.iterdir()} == set(CHANGES) == set(EXPECTED)
