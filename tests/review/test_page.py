"""What a page does with much, with hostile names, and with money."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.findings import Finding
from infra.prices import PriceTable, Sheet
from infra.settings import parse_settings
from review.costs import cost_of, settings_of
from review.findings import FindingsChange
from review.hashes import count_noise, without_hashes
from review.judgement import Judgement, judge
from review.page import CUT, LIMIT, comment, page
from tests.helpers.project import CONTEXT
from tests.review.conftest import base, side

# No real prices.
PER_HOUR = {
    "Processing": {"ml.m5.xlarge": 1.0},
    "Training": {"ml.g4dn.xlarge": 10.0},
    "Hosting": {"ml.m5.xlarge": 100.0},
}
PRICES = PriceTable(
    tuple(
        Sheet(region="ap-northeast-1", use=use, date="2026-01-02", source="nowhere", usd_per_hour=prices)  # type: ignore[arg-type]
        for use, prices in PER_HOUR.items()
    )
)
EXPECTED = round(10.0 * 920 / 3600, 4)  # the training of the 2022 hands-on


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    return judge(base(), side({"retention_days": 30}), PRICES)


def test_should_count_every_participant_at_worst() -> None:
    settings = parse_settings(CONTEXT | {"participants": ["a", "b"]})
    assert cost_of(settings, PRICES) == {"per_hour": 111.0, "per_execution": EXPECTED, "worst": 2 * (1 + 20 + 200)}


def test_should_know_no_cost_where_one_price_is_missing() -> None:
    unknown = {"per_hour": None, "per_execution": None, "worst": None}
    elsewhere = parse_settings(CONTEXT | {"region": "eu-west-1"})
    assert cost_of(elsewhere, PRICES) == unknown
    assert cost_of(settings_of({}), PRICES) == unknown
    assert cost_of(parse_settings(CONTEXT), PriceTable()) == unknown


def test_should_take_the_settings_own_prices_first() -> None:
    own = {"ml.m5.xlarge": 2.0, "ml.g4dn.xlarge": 3.0}
    dearer = judge(base(), side({"prices": own}), PriceTable())
    assert dearer.as_json()["cost"]["after"]["per_hour"] == 2.0 + 3.0 + 2.0
    text = page(dearer, [])
    assert "- price of the settings: ml.g4dn.xlarge (training) $3 an hour" in text
    assert "- no price known: ml.m5.xlarge (hosting) in ap-northeast-1" in page(judge(base(), base(), PriceTable()), [])


def test_should_bill_no_hour_of_a_serverless_endpoint_and_those_of_a_warm_instance() -> None:
    serverless = CONTEXT["endpoint"] | {"kind": "serverless"}
    warm = CONTEXT["training"] | {"keep_warm_minutes": 60}
    assert cost_of(parse_settings(CONTEXT | {"endpoint": serverless, "training": warm}), PRICES)["worst"] == 1 + 30


def test_should_tell_what_money_changes(judgement: Judgement) -> None:
    dearer = judge(base(), side({"participants": ["participant-1", "two"]}), PRICES)
    text = page(dearer, [])
    assert "Money: at worst $221.00 before, $442.00 after." in text
    assert "- at worst, every participant once: $221.00 → $442.00" in text
    assert "- estimate of 2026-01-02: ml.m5.xlarge (hosting) $100 an hour, from nowhere" in text
    assert "Money: unchanged." in judgement.verdict


def test_should_leave_a_page_that_fits_as_it_is(judgement: Judgement) -> None:
    text = page(judgement, [])
    assert comment(text) == text


def test_should_cut_a_page_to_what_github_takes_and_close_what_is_open(judgement: Judgement) -> None:
    many = [Finding("a.template.json", "a", "checker", f"RULE-{number}", "x" * 90, "") for number in range(1000)]
    long = replace(judgement, findings=FindingsChange(new=many))
    cut = comment(page(long, []))
    assert len(cut) <= LIMIT
    assert cut.endswith(CUT)
    assert cut.count("<details>") == cut.count("</details>") > 0


def test_should_show_names_as_code_whatever_is_in_them(judgement: Judgement) -> None:
    hostile = [{"key": "workshop.name", "old": "`<script>`\n# @everybody", "new": ""}]
    text = page(replace(judgement, settings=hostile), [])
    assert "`` `<script>` # @everybody ``" in text


def test_should_tell_noise_from_pinned_digests_and_exchanged_assets() -> None:
    one, two = "1" * 64, "2" * 64
    assets = {one: "an image", two: "an image"}
    assert without_hashes({"Image": [f"x:{one}"]}, assets) == {"Image": ["x:<hash of an image>"]}
    assert count_noise([f"x:{one}", "a"], [f"x:{two}", "b"], assets) == 1
    assert count_noise(f"x@sha256:{one}", f"x@sha256:{two}", {}) == 0
    assert count_noise(one, two, {one: "CPU", two: "CUDA"}) == 0


def test_should_tell_the_values_that_change_inside_of_a_workflow() -> None:
    endless = side({"training": CONTEXT["training"] | {"max_runtime_minutes": 600}})
    [detail] = [
        each for each in judge(base(), endless, PRICES).details if "Train.Arguments.StoppingCondition" in each.path
    ]
    assert detail.path == "DefinitionString.States.Train.Arguments.StoppingCondition.MaxRuntimeInSeconds"
    assert (detail.old, detail.new) == ("7200", "36000")


def test_should_leave_out_nothing_that_somebody_gains() -> None:
    text = page(judge(base(), side({"image_source": "codebuild"}), PRICES), [])
    assert " more on " not in text.partition("### Access gained")[2].partition("### Access lost")[0]
