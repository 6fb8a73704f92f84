"""Findings of both sides: new, gone, acknowledged, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace

from checks.findings import Acknowledged, Finding
from checks.together import Checked
from review.costs import PriceTable
from review.findings import findings_between, without_the_workshop
from review.judgement import judge
from review.page import page
from tests.review.conftest import base, side

OPEN = Finding("shop.template.json", "shop/Orders/Resource", "checkov", "CKV_AWS_18", "no access logs", "log them")
OTHER = replace(OPEN, checker="AwsSolutions", rule="AwsSolutions-S1")
KNOWN = Acknowledged("shop/Orders", "CKV_AWS_18", "it is <b>public</b>")
BOTH = frozenset({"checkov", "AwsSolutions"})


def test_should_tell_new_from_gone() -> None:
    before, after = Checked(BOTH, (OPEN,), ()), Checked(BOTH, (OTHER,), ())
    change = findings_between(before, after)
    assert (change.new, change.gone, change.not_compared) == ([OTHER], [OPEN], [])
    assert change.as_json()["gone"] == ["CKV_AWS_18: no access logs (shop/Orders/Resource)"]


def test_should_call_nothing_new_that_the_base_was_not_checked_for() -> None:
    change = findings_between(Checked(frozenset({"checkov"}), (), ()), Checked(BOTH, (OPEN, OTHER), ()))
    assert (change.new, change.not_compared, change.lacking) == ([OPEN], [OTHER], ["AwsSolutions"])


def test_should_call_nothing_gone_that_is_acknowledged_or_no_longer_looked_for() -> None:
    before = Checked(BOTH, (OPEN, OTHER), ())
    change = findings_between(before, Checked(frozenset({"checkov"}), (), (KNOWN,)))
    assert (change.gone, change.newly_acknowledged) == ([], [KNOWN])
    change = findings_between(Checked(BOTH, (), (KNOWN,)), Checked(BOTH, (OPEN,), ()))
    assert (change.new, change.no_longer_acknowledged) == ([OPEN], [KNOWN])


def test_should_call_places_the_same_whatever_the_workshop_is_called() -> None:
    there = Checked(BOTH, (replace(OPEN, path="seminar-shop/Orders/Resource", file="seminar-shop.template.json"),), ())
    here = Checked(BOTH, (replace(OPEN, path="chitra-shop/Orders/Resource", file="chitra-shop.template.json"),), ())
    assert without_the_workshop(there, "seminar") == without_the_workshop(here, "chitra")


def test_should_show_findings_and_reasons_as_text() -> None:
    before = replace(base(), checked=Checked(frozenset({"checkov"}), (OPEN,), (KNOWN,)))
    after = replace(side(), checked=Checked(BOTH, (OTHER,), (KNOWN, replace(KNOWN, rule="W1"))))
    text = page(judge(before, after, PriceTable()), []).partition("### Findings of checks")[2]
    for line in (
        "- the base does not say that `AwsSolutions` checked it; what these find may be older than the change",
        "- not compared: `AwsSolutions-S1` on `shop/Orders/Resource`: `no access logs`",
        "- newly acknowledged on `shop/Orders`: `it is <b>public</b>` (`W1`)",
        "<details><summary>1 acknowledged as before</summary>",
    ):
        assert line in text.splitlines()
