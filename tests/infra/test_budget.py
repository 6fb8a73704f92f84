"""The states that stop what would pass the budget: their sums are those of the meter that people see."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import budget_requests as requests
from infra.costs import Rates, rates
from infra.names import Names
from infra.settings import Settings, SettingsError, parse_settings
from local_aws.validation import problems_of_request
from tests.helpers.project import CONTEXT
from tests.infra.conftest import Templates, synthesise
from tests.infra.test_jobs import DEPLOYMENT, evaluate
from tests.infra.test_stacks import definition
from workshop.runs.meter import Listing, count, note_key, read_note

NAMES = Names("chitra")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PRICES = {"ml.m5.xlarge": 0.3, "ml.g4dn.xlarge": 1.0}  # no real ones
BUDGET = {"budget": {"amount": 100, "email": "organiser@example.com"}, "prices": PRICES}
RATES = rates(parse_settings(CONTEXT | BUDGET))
RUNS = [f"chitra--r{number}" for number in range(4)]
MACHINE = "arn:aws:states:ap-northeast-1:123456789012:stateMachine:chitra-workflow"
PAGE = 2


def run_states(listing: Listing, own: dict[str, Any], known: Rates = RATES) -> dict[str, Any]:
    """The variables of an execution when it decides. Answers come in pages, with times as Step Functions has them."""
    context = {"StateMachine": {"Id": MACHINE}, "Execution": {"Name": "x"}}
    none = {"artefact": "", "articles": "", "endpoint": False, "trials": 0}
    variables = {**requests.variables(), "run": "chitra--own", "hours": 2, **none, **own}

    def take(assign: dict[str, Any], answers: list[dict[str, Any]]) -> None:
        for answer in answers:
            states = {"result": answer, "context": context}
            variables.update(evaluate(still(assign), variables, states))

    take(requests.begin(known), [{"CreationDate": _text(NOW - timedelta(days=3))}])
    executions = [{"Name": name.removeprefix("chitra--")} for name in sorted(listing.running)]
    take(requests.running_listed(NAMES), _pages("Executions", executions))
    take(requests.training_listed(NAMES, known), _pages("TrainingJobSummaries", listing.training))
    take(requests.transforms_listed(NAMES, known), _pages("TransformJobSummaries", listing.transforms))
    take(requests.processing_listed(NAMES, known), _pages("ProcessingJobSummaries", listing.processing))
    take(requests.endpoints_listed(NAMES, known), _pages("Endpoints", listing.endpoints))
    key = evaluate(requests.note(DEPLOYMENT)["Key"], variables, {})
    notes = [(f"budget/{each.run}/{each.jobs}-{each.endpoint}", each.written) for each in listing.notes]
    contents = [{"Key": each, "LastModified": _text(at)} for each, at in sorted([*notes, (key, listing.now)])]
    take(requests.notes_listed(), [{"Contents": contents[at : at + PAGE]} for at in range(0, len(contents), PAGE)])
    assert variables["notes_after"] == contents[-1]["Key"]
    assert variables["token"] == ""
    return variables


def _pages(key: str, rows: Any) -> list[dict[str, Any]]:
    stamped = [
        {name: _text(each) if isinstance(each, datetime) else each for name, each in row.items()} for row in rows
    ]
    pages = [{key: stamped[at : at + PAGE]} for at in range(0, len(stamped), PAGE)] or [{}]
    return [{**page, **({"NextToken": "t"} if page is not pages[-1] else {})} for page in pages]


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def total_of(variables: dict[str, Any]) -> float:
    return float(evaluate(f"{{% {requests.TOTAL} %}}", variables, {})) / 100


def still(template: Any) -> Any:
    """JSONata whose clock stands at NOW."""
    if isinstance(template, dict):
        return {key: still(each) for key, each in template.items()}
    return template.replace("$millis()", str(int(NOW.timestamp() * 1000))) if isinstance(template, str) else template


ages = st.integers(0, 100_000)
OTHERS = ("chitra--smoke-1", "chitra--aborted", "my-chitra--r1", "chitra--dataset-1-1")
TRIALS = ("chitra--r1-001-0123abcd", "chitra--r1-002-0123abcd", "chitra--r2-001-0123abcd")
names_of_jobs = st.sampled_from([*RUNS, *OTHERS, *TRIALS])


@st.composite
def jobs(draw: Any, noun: str) -> dict[str, Any]:
    begin = draw(ages)
    status = draw(st.sampled_from(["InProgress", "Stopping", "Completed", "Failed", "Stopped"]))
    made = NOW - timedelta(seconds=begin)
    ended = {} if status in ("InProgress", "Stopping") else {f"{noun}EndTime": NOW - timedelta(seconds=begin // 3)}
    return {f"{noun}JobName": draw(names_of_jobs), f"{noun}JobStatus": status, "CreationTime": made, **ended}


@st.composite
def listings(draw: Any) -> Listing:
    endpoints = st.builds(
        lambda name, age: {"EndpointName": name, "CreationTime": NOW - timedelta(seconds=age)},
        st.sampled_from([*RUNS, "my-chitra--r1"]),
        ages,
    )
    notes = st.builds(
        lambda run, jobs, endpoint, age: read_note(f"budget/{run}/{jobs}-{endpoint}", NOW - timedelta(seconds=age)),
        st.sampled_from([*RUNS, "chitra--aborted"]),
        st.integers(0, 500),
        st.integers(0, 500),
        ages,
    )
    return Listing(
        NOW,
        frozenset(draw(st.sets(st.sampled_from(RUNS)))),
        draw(st.lists(jobs("Training"), max_size=4, unique_by=lambda each: each["TrainingJobName"])),
        draw(st.lists(jobs("Processing"), max_size=3, unique_by=lambda each: each["ProcessingJobName"])),
        draw(st.lists(endpoints, max_size=3, unique_by=lambda each: each["EndpointName"])),
        draw(st.lists(notes, max_size=5)),
        draw(st.lists(jobs("Transform"), max_size=3, unique_by=lambda each: each["TransformJobName"])),
    )


def own_note(
    endpoint: bool, hours: int, artefact: str, articles: str = "", known: Rates = RATES, *, trials: int = 0
) -> Any:
    """What an execution notes, in Python; ``trials`` is 0 where nothing is tuned."""
    trained = 0 if artefact else known.jobs_at_worst(max(1, trials))
    jobs_cents = math.ceil(100 * (known.classification_at_worst if articles else trained))
    cents = math.ceil(100 * known.hosting * hours) if endpoint else 0
    return read_note(f"budget/chitra--own/{jobs_cents}-{cents}", NOW)


@settings(max_examples=40, deadline=None)
@given(
    listings(),
    st.booleans(),
    st.integers(1, 72),
    st.sampled_from(["", "s3://bucket/model.tar.gz"]),
    st.sampled_from(["", "classified/chitra--own"]),
    st.sampled_from([0, 1, 7]),
    st.floats(0.01, 400),
)
def test_should_start_what_fits_and_refuse_what_does_not(
    listing: Listing, endpoint: bool, hours: int, artefact: str, articles: str, trials: int, amount: float
) -> None:
    own = {"endpoint": endpoint, "hours": hours, "artefact": artefact, "articles": articles, "trials": trials}
    variables = run_states(listing, own)
    note = own_note(endpoint, hours, artefact, articles, trials=trials)
    before, after = count(listing, RATES, NAMES), count(replace(listing, notes=[*listing.notes, note]), RATES, NAMES)
    assert total_of(variables) == pytest.approx(after.total, abs=1e-6)
    starts = evaluate(requests.is_within(amount), variables, {})
    if abs(after.total - round(100 * amount) / 100) > 1e-6:
        assert starts == (after.total <= round(100 * amount) / 100)
    worst, cause = (note.jobs + note.endpoint) / 100, evaluate(requests.refusal(amount), variables, {})
    assert f"would cost up to ${worst:,.2f}; $" in cause
    assert f" of the budget of ${amount:,.2f} are left. `workshop budget` shows" in cause
    left = float(cause.partition("; $")[2].partition(" ")[0].replace(",", ""))
    assert left == pytest.approx(max(0, round(100 * amount) / 100 - before.total), abs=0.0051)


def test_should_let_no_two_pass_on_the_same_remainder() -> None:
    """Of two that start together each may see the other's note; whoever reads last does."""
    other = own_note(False, 1, "")
    room = 1.5 * RATES.jobs_at_worst()
    alone, together = (run_states(Listing(NOW, notes=notes), {}) for notes in ([], [replace(other, run="chitra--r1")]))
    assert evaluate(requests.is_within(room), alone, {}) is True
    assert evaluate(requests.is_within(room), together, {}) is False


def test_should_count_the_hours_of_endpoints_that_are_gone_or_got_more() -> None:
    note = own_note(True, 2, "s3://bucket/model.tar.gz")
    more = read_note(note_key("chitra--own", endpoint_cents=90, mark="1"), NOW - timedelta(hours=1))
    assert count(Listing(NOW, notes=[note, more]), RATES, NAMES).endpoints == pytest.approx(0.6 + 0.9)


def test_should_ask_for_pages_in_valid_requests() -> None:
    context = {"context": {"StateMachine": {"Id": MACHINE}}}
    known = {"token": "", "since": 0, "run": "chitra--own", "notes_after": "budget/", "own_jobs": 1, "own_endpoint": 2}
    for token in ("", "t"):
        asked = evaluate(requests.list_jobs(NAMES), {**known, "token": token}, context)
        assert asked.get("NextToken", "") == token
        for operation in ("ListTrainingJobs", "ListTransformJobs", "ListProcessingJobs", "ListEndpoints"):
            assert problems_of_request("sagemaker", operation, asked) == []
        running = evaluate(requests.list_running(), {**known, "token": token}, context)
        spelt = {key[0].lower() + key[1:]: each for key, each in running.items()}
        assert problems_of_request("stepfunctions", "ListExecutions", spelt) == []
    note = evaluate(requests.note(DEPLOYMENT), known, {})
    assert note["Key"] == "budget/chitra--own/1-2"
    assert problems_of_request("s3", "ListObjectsV2", evaluate(requests.list_notes(DEPLOYMENT), known, {})) == []


def test_should_count_before_anything_is_started_and_only_with_a_budget(
    templates: Templates, templates_with: Callable[[dict[str, Any]], Templates]
) -> None:
    assert "Look up begin" not in definition(templates)
    states = definition(templates_with(BUDGET))
    reached, name = list[str](), "Look up begin"  # behind the caps, which start nothing either
    while name != "Articles given?":
        reached.append(name)
        state = states[name]
        within = name == "Within the budget?"
        name = state["Choices"][0]["Next"] if within else state.get("Next") or state["Default"]
    assert reached[-3:] == ["Read notes", "More notes?", "Within the budget?"]
    listed = ("executions", "training jobs", "transform jobs", "processing jobs", "endpoints")
    assert {f"List {each}" for each in listed} < set(reached)
    assert reached.index("Note costs") < reached.index("Read notes")
    assert (states["Within the budget?"]["Default"], states["Over budget"]["Next"]) == (
        "Over budget",
        "Refused by budget",
    )


def test_should_tell_by_mail_what_carries_the_tag(templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    [budget] = templates_with(BUDGET)["foundation"].find_resources("AWS::Budgets::Budget").values()
    properties = budget["Properties"]
    assert properties["Budget"]["CostFilters"] == {"TagKeyValue": ["user:workshop$chitra"]}
    assert properties["Budget"]["BudgetLimit"] == {"Amount": 100, "Unit": "USD"}
    told = [each["Notification"] for each in properties["NotificationsWithSubscribers"]]
    assert [(each["NotificationType"], each["Threshold"]) for each in told] == [
        ("ACTUAL", 50),
        ("ACTUAL", 80),
        ("ACTUAL", 100),
        ("FORECASTED", 100),
    ]


def test_should_refuse_a_budget_without_prices_and_say_how_to_give_them() -> None:
    unpriced: Settings = parse_settings(
        CONTEXT | {"region": "us-west-1", "budget": BUDGET["budget"], "prices": {"ml.m5.xlarge": 0.3}}
    )
    with pytest.raises(SettingsError, match=r"no price is known for ml\.g4dn\.xlarge \(Training, us-west-1\)") as error:
        synthesise(unpriced)
    assert "workshop.prices" in str(error.value)
    assert "prices --renew" in str(error.value)
    with pytest.raises(SettingsError, match=r"workshop\.budget\.email: should match"):
        parse_settings(CONTEXT | {"budget": {"amount": 1, "email": "nobody"}})
