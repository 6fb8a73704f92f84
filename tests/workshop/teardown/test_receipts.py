"""The receipt never says more than was seen: regions, kinds and owners that a first look does not tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.accounts import FORGOTTEN, HOME, NAMES, TAG, Thing, build, sagemaker, whole_workshop
from tests.helpers.cloud import ACCOUNT, TOOLS, Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from tests.helpers.project import SETTINGS
from tests.helpers.remote import KillingServer, tear_down_in_a_process
from tests.workshop.teardown.test_teardown_properties import tear_down
from tests.workshop.teardown.test_teardown_states import impatient, kinds
from workshop.aws.account import Account
from workshop.teardown.journal import Journal
from workshop.teardown.receipt import as_text, receipt
from workshop.teardown.survey import Survey, survey

OTHERS: dict[str, str] = {"workshop": "chitra-2"}
JOBS_GROUP = "/aws/sagemaker/TrainingJobs"


def look_again(cloud: Cloud, journal: Path) -> Survey:
    """What `workshop verify` does."""
    return survey(Account(CloudSession(cloud)), SETTINGS, Journal(journal).memory)


def forgotten_endpoint() -> Cloud:
    """Only the tag of the endpoint tells that there is something in this region."""
    return build(
        [*sagemaker("endpoint", "chitra--far", TAG, region=FORGOTTEN), Thing("schedule", FORGOTTEN, "chitra--far")]
    )


def test_should_stay_with_a_region_after_what_told_of_it_is_gone(tmp_path: Path) -> None:
    cloud, journal = forgotten_endpoint(), tmp_path / "journal"

    def denied(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "DeleteSchedule":
            raise RefusalError("AccessDeniedException", "no policy allows it")
        return Cloud._scheduler(cloud, region, operation, params)

    cloud._scheduler = denied  # type: ignore[method-assign]
    outcome = tear_down(cloud, journal, SETTINGS)
    assert ("endpoint", FORGOTTEN, "chitra--far") not in cloud.things
    assert not outcome.clean
    assert [str(each) for each in outcome.last.resources] == ["schedule chitra--far"]
    assert not look_again(cloud, journal).clean
    del cloud._scheduler
    assert tear_down(cloud, journal, SETTINGS).clean
    assert kinds(cloud) == set()


def test_should_stay_with_a_region_after_a_kill(tmp_path: Path) -> None:
    cloud, journal = forgotten_endpoint(), tmp_path / "journal"
    rehearsed = forgotten_endpoint()
    tear_down(rehearsed, tmp_path / "calls", SETTINGS)
    [victim] = [call for call in rehearsed.calls if " DeleteEndpoint " in call]
    with KillingServer(cloud, tmp_path / "socket", victim) as server:
        assert tear_down_in_a_process(server, journal) == -9
    cloud.drop("endpoint", FORGOTTEN, "chitra--far")  # AWS goes on deleting it
    assert not look_again(cloud, journal).clean
    assert tear_down(cloud, journal, SETTINGS).clean
    assert kinds(cloud) == set()


@pytest.mark.parametrize("kind", sorted(set(TOOLS) - {"automl-job"}))
def test_should_remove_whatever_in_sagemaker_carries_the_tag(kind: str, tmp_path: Path) -> None:
    state = {"state": "InService"} if kind in ("notebook-instance", "inference-component", "cluster") else {}
    theirs = Thing(kind, HOME, "theirs", {"tags": OTHERS, **state})
    listed = TOOLS[kind][1] and kind != "inference-component"
    own = Thing(kind, HOME, "CHITRA--Own" if listed else "own", {"tags": TAG, **state})
    cloud = build([own, theirs])
    outcome = tear_down(cloud, tmp_path / "journal", SETTINGS)
    assert outcome.clean, outcome.last.problems
    assert kinds(cloud) == {(kind, "theirs")}


def test_should_report_by_arn_what_it_cannot_remove(tmp_path: Path) -> None:
    cloud = build([*whole_workshop(), Thing("queue", HOME, "letters", {"tags": TAG})])
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert kinds(cloud) == {("queue", "letters")}
    assert f"arn:aws:sqs:{HOME}:{ACCOUNT}:letters: carries the workshop's tag" in text
    assert "NOTHING REMAINS" not in text
    cloud.drop("queue", HOME, "letters")
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean


def test_should_not_believe_an_index_that_lags_behind(tmp_path: Path) -> None:
    cloud = build([])
    gone = [("bucket", NAMES.bucket(ACCOUNT, "us-east-1")), ("state-machine", NAMES.state_machine)]
    gone += [("notebook-instance", "gone"), ("log-group", "/gone"), ("stack", NAMES.workflow_stack)]
    stale = [{"ResourceARN": cloud.arn(kind, HOME, name), "Tags": []} for kind, name in gone]
    cloud._resourcegroupstaggingapi = lambda *call: {"ResourceTagMappingList": stale, "PaginationToken": ""}  # type: ignore[method-assign]
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean


@pytest.mark.parametrize("care", [{"subscriptions": ["to-somebody"]}, {"key": "arn:aws:kms:k"}, {"retention": 7}])
def test_should_leave_a_shared_log_group_that_somebody_cares_for(care: dict[str, Any], tmp_path: Path) -> None:
    group = Thing("log-group", HOME, JOBS_GROUP, {"streams": ["chitra--run-1/algo-1"], **care})
    cloud = build([group])
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert cloud.things["log-group", HOME, JOBS_GROUP]["streams"] == []


def test_should_remove_the_group_that_a_kill_left_empty(tmp_path: Path) -> None:
    group = Thing("log-group", HOME, JOBS_GROUP, {"streams": ["chitra--run-1/algo-1"]})
    cloud, rehearsed = build([group]), build([group])
    tear_down(rehearsed, tmp_path / "calls", SETTINGS)
    [victim] = [call for call in rehearsed.calls if " DeleteLogStream " in call]
    with KillingServer(cloud, tmp_path / "socket", victim) as server:
        assert tear_down_in_a_process(server, tmp_path / "journal") == -9
    assert kinds(cloud) == {("log-group", JOBS_GROUP)}
    assert not look_again(cloud, tmp_path / "journal").clean
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert kinds(cloud) == set()


@pytest.mark.parametrize("tags", [OTHERS, {}])
def test_should_leave_what_belongs_to_others_with_it(tags: dict[str, str], tmp_path: Path) -> None:
    """Its schedule among it: without that, somebody else's endpoint would never expire."""
    things = [
        *sagemaker("endpoint", "chitra--x", tags),
        *sagemaker("training-job", "chitra--x", tags, "Completed"),
        Thing("schedule", HOME, "chitra--x"),
    ]
    cloud, before = build(things), build(things).snapshot()
    outcome, text = impatient(cloud, tmp_path)
    assert outcome.clean
    assert cloud.snapshot() == before
    for what in (
        "schedule chitra--x",
        "log group /aws/sagemaker/Endpoints/chitra--x",
        "scalable target endpoint/chitra--x",
    ):
        assert f"{what}" in text.partition("Left alone")[2]
    assert "belongs to endpoint chitra--x, which" in text


def test_should_find_by_the_tag_whatever_the_name(tmp_path: Path) -> None:
    things = [*sagemaker("endpoint", "CHITRA--Run", TAG), *sagemaker("training-job", "Chitra--Job", TAG, "InProgress")]
    cloud = build(things)
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert {key[::2] for key in cloud.things if key[0] == "endpoint"} == set()
    assert cloud.things["training-job", HOME, "Chitra--Job"]["state"] == "Stopped"


def test_should_survive_a_mistake_of_its_own(tmp_path: Path) -> None:
    """An answer that nobody foresaw is one thing's problem: its traceback is in the journal, the rest goes."""
    cloud = build([*whole_workshop(), *sagemaker("model", "chitra--odd", TAG)])

    def odd(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "DeleteModel" and params["ModelName"] == "chitra--odd":
            raise ZeroDivisionError("of a removal")
        return Cloud._sagemaker(cloud, region, operation, params)

    cloud._sagemaker = odd  # type: ignore[method-assign]
    cloud._scheduler = lambda *call: 1 / 0  # type: ignore[method-assign, return-value]
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert "model chitra--odd" in text
    assert "unexpected ZeroDivisionError (of a removal): please report it" in text
    assert "expiry schedules: unexpected ZeroDivisionError (division by zero)" in text
    assert "in odd" in (tmp_path / "journal").read_text()
    left = kinds(cloud)
    assert ("endpoint", "chitra--endpoint") not in left
    assert ("stack", "chitra-participants") not in left
    del cloud._sagemaker, cloud._scheduler
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean


def test_should_write_names_of_others_without_obeying_them(tmp_path: Path) -> None:
    cloud = build([Thing("queue", HOME, "\x1b[2Jchitra\nNOTHING REMAINS", {"tags": TAG})])
    account = Account(CloudSession(cloud))
    journal = Journal(tmp_path / "journal")
    outcome = tear_down(cloud, tmp_path / "journal", SETTINGS)
    text = as_text(receipt(outcome, journal, SETTINGS, account))
    assert "\x1b" not in text
    assert "\nNOTHING REMAINS" not in text


def test_should_go_on_when_one_entry_cannot_be_read(tmp_path: Path) -> None:
    """A neighbour whose tags may not be seen is one problem; what is the workshop's goes all the same."""
    cloud = build([*whole_workshop(), *sagemaker("endpoint", "aaa-neighbour", {})])

    def denied(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListTags" and "aaa-neighbour" in params["ResourceArn"]:
            raise RefusalError("AccessDeniedException", "no policy allows it")
        return Cloud._sagemaker(cloud, region, operation, params)

    cloud._sagemaker = denied  # type: ignore[method-assign]
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert "endpoint/aaa-neighbour: ListTags was denied" in text
    assert {("endpoint", "chitra--endpoint"), ("endpoint", "from-a-notebook")}.isdisjoint(kinds(cloud))


def test_should_not_stumble_over_names_that_no_resource_has(tmp_path: Path) -> None:
    group = Thing("log-group", HOME, JOBS_GROUP, {"streams": ["chitra--x y/algo-1"]})
    odd = [Thing("schedule", HOME, "chitra--a_b"), Thing("schedule", HOME, "chitra--" + "a" * 56), group]
    cloud = build([*odd, Thing("log-group", HOME, "/aws/sagemaker/Endpoints/chitra--a_b")])
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert kinds(cloud) == set()


def test_should_leave_a_shared_group_that_carries_the_tag(tmp_path: Path) -> None:
    group = {"tags": TAG, "retention": 7, "streams": ["prod-team/algo-1"]}
    cloud = build([Thing("log-group", HOME, JOBS_GROUP, group)])
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert cloud.things["log-group", HOME, JOBS_GROUP]["streams"] == ["prod-team/algo-1"]
    assert f"log-group:{JOBS_GROUP}" in text


def test_should_see_a_tagged_bucket_whose_name_only_begins_like_the_workshops(tmp_path: Path) -> None:
    name = f"{NAMES.bucket(ACCOUNT, HOME)}-backup"
    cloud = build([Thing("bucket", HOME, name, {"tags": TAG, "objects": [], "uploads": []})])
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert f"arn:aws:s3:::{name}" in text


def test_should_read_a_journal_that_was_cut_or_damaged(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    file.write_text('{"entry": "region", "region": ["x"]}\n' + "[" * 100_000 + '\n{"entry": "reg')
    journal = Journal(file)
    assert journal.memory.regions == ()
    found = look_again(forgotten_endpoint(), tmp_path / "none")
    journal.saw(found)
    assert FORGOTTEN in Journal(file).memory.regions
    assert HOME in Journal(file).memory.regions
