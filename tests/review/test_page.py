"""What a page does with much, with hostile names, and with money."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from checks.findings import Finding
from checks.together import Checked
from infra.prices import PriceTable, Sheet
from infra.settings import parse_settings
from review.costs import cost_of, settings_of
from review.findings import FindingsChange, findings_between
from review.hashes import count_noise, without_hashes
from review.judgement import Judgement, judge
from review.markdown import both
from review.page import CUT, LIMIT, comment, page
from review.sides import Side
from tests.helpers.project import CONTEXT
from tests.review.conftest import base, of, side

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
    assert comment(text) == text.replace("@", "@\u200b")


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


def only_resource(kind: str, **properties: Any) -> Side:
    return of(stack={"Resources": {"A": {"Type": kind, "Properties": properties}}})


def test_should_see_what_no_schema_knows() -> None:
    for kind in ("Custom::Something", "AWS::S3::Bucket"):
        found = judge(only_resource(kind, NotKnownYet="a"), only_resource(kind, NotKnownYet="b"), PRICES)
        [change] = found.changes.resources
        assert (change.kind, change.properties) == ("changed", ("NotKnownYet",))
        assert found.verdict != "Nothing changes."


def test_should_see_a_protection_that_stays_by_name_and_is_switched_off() -> None:
    def bucket(*, blocked: bool, versions: str) -> Side:
        public = {"BlockPublicAcls": blocked, "BlockPublicPolicy": blocked}
        return only_resource(
            "AWS::S3::Bucket", PublicAccessBlockConfiguration=public, VersioningConfiguration={"Status": versions}
        )

    safe = bucket(blocked=True, versions="Enabled")
    for weaker in (bucket(blocked=False, versions="Enabled"), bucket(blocked=True, versions="Suspended")):
        assert "encryption-dropped" in judge(safe, weaker, PRICES).alarms
        assert "encryption-dropped" not in judge(weaker, safe, PRICES).alarms


def test_should_see_that_a_bucket_is_no_longer_kept() -> None:
    def bucket(**more: str) -> Side:
        return of(stack={"Resources": {"A": {"Type": "AWS::S3::Bucket", **more}}})

    assert "encryption-dropped" in judge(bucket(DeletionPolicy="Retain"), bucket(), PRICES).alarms


def machine(**schedule: Any) -> Side:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:scheduler:createSchedule", "Arguments": schedule}
    return only_resource(
        "AWS::StepFunctions::StateMachine",
        DefinitionString=json.dumps({"StartAt": "Expire", "States": {"Expire": {**state, "End": True}}}),
    )


def test_should_see_that_a_schedule_ends_something_else_or_later() -> None:
    before = machine(Target={"Arn": "delete"}, ScheduleExpression="at(soon)")
    later = judge(before, machine(Target={"Arn": "delete"}, ScheduleExpression="at(2099-01-01T00:00:00)"), PRICES)
    assert later.alarms == ["limits-changed"]
    assert "Money: unchanged." not in later.verdict
    for other in ({"Target": {"Arn": "nothing"}}, {"Target": {"Arn": "delete"}, "State": "DISABLED"}):
        assert "expiry-removed" in judge(before, machine(**other), PRICES).alarms


def test_should_not_call_money_unchanged_where_prices_or_limits_change() -> None:
    for changes in ({"prices": {"ml.g4dn.xlarge": 50}}, {"limits": {"tuning_jobs": 50}}, {"region": "us-east-1"}):
        assert "Money: unchanged." not in judge(base(), side(changes), PRICES).verdict


def test_should_show_where_long_values_differ() -> None:
    old, new = "a" * 300 + "old", "a" * 300 + "new"
    assert both(old, new).endswith("aold` → `…" + "a" * 40 + "new`")
    assert both(["a", "b", "c", "old"], ["a", "b", "c", "new"]) == "removed: `old`; added: `new`"


def test_should_say_which_checker_is_gone(judgement: Judgement) -> None:
    two, one = (Checked(frozenset(names), (), ()) for names in (("cfn-lint", "cdk-nag"), ("cfn-lint",)))
    found = findings_between(two, one)
    assert found.as_json()["dropped"] == ["cdk-nag"]
    assert "no longer checked by `cdk-nag`" in page(replace(judgement, findings=found), [])
