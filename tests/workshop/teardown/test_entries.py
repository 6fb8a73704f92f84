"""Each entry of each list is judged by itself: by what it does, by its tag, and whatever its name looks like."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.accounts import FORGOTTEN, HOME, NAMES, TAG, Thing, build, sagemaker, stacks, whole_workshop
from tests.helpers.cloud import ACCOUNT, TOOLS, Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from tests.helpers.project import SETTINGS
from tests.workshop.teardown.test_receipts import JOBS_GROUP, OTHERS, look_again
from tests.workshop.teardown.test_teardown_properties import tear_down
from tests.workshop.teardown.test_teardown_states import IMPATIENT, impatient, kinds
from workshop.aws.account import Account
from workshop.aws.waiting import Pace, StillThereError
from workshop.commands.removal import why_data_is_kept
from workshop.teardown.journal import Journal
from workshop.teardown.order import Topic
from workshop.teardown.receipt import as_text, receipt
from workshop.teardown.resources.resource import Finding, Lookalike, Problem, guarded_each
from workshop.teardown.survey import survey
from workshop.teardown.teardown import teardown

Params = dict[str, Any]


class Refusing(Cloud):
    """Denies the calls whose operation and parameters, in words, hold ``refused``."""

    refused: tuple[str, str] = ("", "")

    def call(self, service: str, region: str, operation: str, params: Params) -> Params:
        wanted, name = self.refused
        if operation == wanted and name in str(params):
            raise RefusalError("AccessDeniedException", "no policy allows it")
        return super().call(service, region, operation, params)


def refusing(things: list[Thing], operation: str, name: str) -> Refusing:
    cloud = build(things)
    cloud.__class__ = Refusing
    assert isinstance(cloud, Refusing)
    cloud.refused = (operation, name)
    return cloud


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ({"ends": "prod"}, "ends endpoint prod, which is not the workshop's"),
        ({"target": {"Arn": "arn:aws:sqs:ap-northeast-1:123456789012:letters"}}, "does not end an endpoint"),
        ({"target": {"Input": "[" * 100_000}}, "does not end an endpoint"),
        ({"target": {"Input": '{"EndpointName": "chitra--x", "More": 1}'}}, "does not end an endpoint"),
        ({"group": "theirs"}, "is in schedule group theirs, which carries the tag of workshop 'chitra-2'"),
        ({"group": "untagged"}, "is in schedule group untagged, which does not carry the tag"),
    ],
)
def test_should_leave_a_schedule_that_is_not_the_workshops(schedule: Params, why: str, tmp_path: Path) -> None:
    groups = [
        Thing("schedule-group", HOME, "theirs", {"tags": OTHERS}),
        Thing("schedule-group", HOME, "untagged", {"tags": {}}),
    ]
    cloud = build([*groups, Thing("schedule", HOME, "chitra--x", schedule)])
    before = cloud.snapshot()
    outcome, text = impatient(cloud, tmp_path)
    assert outcome.clean
    assert cloud.snapshot() == before
    assert f"schedule chitra--x: {why}" in text.partition("Left alone")[2]


@pytest.mark.parametrize("ends", ["chitra--x", "chitra--another", "From-A-Notebook"])
def test_should_remove_a_schedule_that_ends_an_endpoint_of_the_workshop(ends: str, tmp_path: Path) -> None:
    endpoint = sagemaker("endpoint", "From-A-Notebook", TAG)
    cloud = build([*endpoint, Thing("schedule", HOME, "chitra--x", {"ends": ends})])
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert kinds(cloud) == set()


@pytest.mark.parametrize(
    ("operation", "name", "things"),
    [
        ("GetSchedule", "chitra--a", [Thing("schedule", HOME, "chitra--a"), Thing("schedule", HOME, "chitra--b")]),
        ("ListTagsForResource", "chitra--a", [Thing("log-group", HOME, "/aws/sagemaker/Endpoints/chitra--a")]),
        ("DescribeEndpoint", "chitra--a", [Thing("scalable-target", HOME, "endpoint/chitra--a/variant/v")]),
        ("DescribeTrainingJob", "chitra--a", [Thing("stream", HOME, "chitra--a/algo-1", inside=JOBS_GROUP)]),
        ("DescribeLogStreams", "ProcessingJobs", []),
        ("DescribeStateMachine", "odd", [Thing("state-machine", HOME, "odd", {"tags": TAG, "executions": []})]),
        ("ListTags", "aaa-neighbour", [Thing("notebook-instance", HOME, "aaa-neighbour", {"tags": {}})]),
        ("ListClusters", "", []),
        ("ListAccessKeys", "chitra-suzuki", []),
    ],
)
def test_should_go_on_behind_an_entry_that_cannot_be_read(
    operation: str, name: str, things: list[Thing], tmp_path: Path
) -> None:
    """It is told by name, and hides nothing that the same list holds."""
    cloud = refusing([*things, *whole_workshop()], operation, name)
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert f"{operation} was denied" in text
    assert (name or "list_clusters") in text
    rest = {("schedule", "chitra--endpoint"), ("scalable-target", "endpoint/chitra--endpoint/variant/AllTraffic")}
    rest |= {("schedule", "chitra--b"), ("endpoint", "chitra--endpoint")}
    rest |= (
        {("log-group", "/aws/sagemaker/Endpoints/chitra--endpoint")} if operation == "ListTagsForResource" else set()
    )
    assert rest.isdisjoint(kinds(cloud))
    cloud.refused = ("", "")
    cloud.drop("state-machine", HOME, "odd")
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean


def test_should_remove_logs_of_jobs_whose_names_have_capitals(tmp_path: Path) -> None:
    """ARNs write names in small letters, streams as they were given; jobs that ended are in no list of resources."""
    own = [*sagemaker("training-job", "Sato-1", TAG, "Completed"), *sagemaker("endpoint", "Sato-2", TAG)]
    cloud = build([*own, *sagemaker("training-job", "Suzuki-1", {}, "Completed")])
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert cloud.things["log-group", HOME, JOBS_GROUP]["streams"] == ["Suzuki-1/algo-1"]
    assert ("log-group", "/aws/sagemaker/Endpoints/Sato-2") not in kinds(cloud)
    assert ("scalable-target", "endpoint/Sato-2/variant/AllTraffic") not in kinds(cloud)


@pytest.mark.parametrize("kind", ["compilation-job", "optimization-job"])
@pytest.mark.parametrize("state", ["STARTING", "INPROGRESS", "COMPLETED"])
def test_should_stop_a_job_before_it_is_deleted(kind: str, state: str, tmp_path: Path) -> None:
    cloud = build([Thing(kind, HOME, "of-a-participant", {"state": state, "tags": TAG})])
    outcome, _ = impatient(cloud, tmp_path)
    assert outcome.clean
    assert kinds(cloud) == set()


def test_should_tell_of_what_carries_the_tag_under_a_name_that_is_not_known(tmp_path: Path) -> None:
    unlisted = [kind for kind, (key, listed) in TOOLS.items() if not listed and key != "Arn"]
    cloud = build([Thing(kind, HOME, "With-Capitals", {"tags": TAG}) for kind in unlisted])
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    for kind in unlisted:
        assert f"arn:aws:sagemaker:{HOME}:{ACCOUNT}:{kind}/with-capitals: carries the tag" in text


def test_should_empty_a_bucket_of_keys_that_xml_cannot_hold(tmp_path: Path) -> None:
    bucket = NAMES.bucket(ACCOUNT, HOME)
    odd = [Thing("object", HOME, key, inside=bucket) for key in ("corpus/\x1b[2J", "exports/\x1b.json")]
    cloud = build([*whole_workshop(), *odd, Thing("upload", HOME, "models/a+b c", inside=bucket)])
    assert tear_down(cloud, tmp_path / "journal", SETTINGS).clean
    assert kinds(cloud) == set()


def test_should_ask_for_the_tags_of_each_thing_once_a_survey(tmp_path: Path) -> None:
    cloud = build([thing for number in range(5) for thing in sagemaker("endpoint", f"theirs-{number}", OTHERS)])
    look_again(cloud, tmp_path / "journal")
    assert len([call for call in cloud.calls if " ListTags " in call]) == 5


def test_should_keep_data_that_nobody_was_asked_about(tmp_path: Path) -> None:
    """A region that the first look did not see, and a run that ended while the teardown was at work."""
    cloud = build([*whole_workshop(), *stacks(FORGOTTEN)])
    account = Account(CloudSession(cloud))
    first, journal = survey(account, SETTINGS), Journal(tmp_path / "journal")
    first.resources = [each for each in first.resources if each.region != FORGOTTEN]
    why_kept = partial(why_data_is_kept, account, SETTINGS)
    outcome = teardown(account, SETTINGS, first, journal=journal, pace=IMPATIENT, why_kept=why_kept)
    assert not outcome.clean
    text = as_text(receipt(outcome, journal, SETTINGS, account))
    assert "): it was never exported: take it home with `.venv/bin/workshop export`, or let it go with" in text
    for region in (HOME, FORGOTTEN):
        assert cloud.things["bucket", region, NAMES.bucket(ACCOUNT, region)]["objects"]
    left = {each.kind for each in outcome.last.resources}
    assert left == {"contents of bucket", "stack"}
    assert teardown(account, SETTINGS, outcome.last, journal=journal, pace=IMPATIENT).clean


def test_should_go_on_behind_a_locked_key_that_xml_cannot_hold(tmp_path: Path) -> None:
    bucket = NAMES.bucket(ACCOUNT, HOME)
    odd = [Thing("object", HOME, key, inside=bucket) for key in ("corpus/\x1b", "models/plain")]
    cloud = refusing([*whole_workshop(), *odd], "DeleteObject", "corpus/")
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert [key for key, *_ in cloud.things["bucket", HOME, bucket]["objects"]] == ["exports/r.json", "corpus/\x1b"]
    assert cloud.things["bucket", HOME, bucket]["uploads"] == []
    assert "1 objects were not deleted, corpus/" in text


def test_should_stop_emptying_at_an_interruption(tmp_path: Path) -> None:
    cloud = build(whole_workshop())
    before = cloud.snapshot()
    found = survey(Account(CloudSession(cloud)), SETTINGS)
    pace = Pace(pause=0.0, patience=0.05, settle=0.0)
    pace.interrupted.set()
    data = [each for each in found.resources if each.kind in ("contents of bucket", "log streams in")]
    assert len(data) >= 2
    for resource in data:
        with pytest.raises(StillThereError, match="interrupted"):
            resource.remove(pace)
    assert cloud.snapshot() == before


def test_should_hide_nothing_behind_an_entry_without_its_name() -> None:
    def look(entry: dict[str, str]) -> list[Finding]:
        return [Lookalike("thing", entry["Name"], HOME)]

    found = list(guarded_each(Topic.OTHERS, HOME, [{}, {"Name": "second"}], look, itemgetter("Name")))
    assert isinstance(found[0], Problem)
    assert found[1:] == [Lookalike("thing", "second", HOME)]
