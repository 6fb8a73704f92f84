"""What is stuck, denied or switched off is told in one line with its way out, and everything else still goes."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.accounts import (
    EARLIER,
    HOME,
    NAMES,
    TAG,
    Thing,
    build,
    builds,
    sagemaker,
    stacks,
    whole_workshop,
    without_history,
)
from tests.helpers.cloud import Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from tests.workshop.teardown.test_teardown_properties import tear_down, with_earlier_region
from workshop.aws.account import Account
from workshop.aws.waiting import Pace
from workshop.teardown.journal import Journal
from workshop.teardown.receipt import as_text, receipt
from workshop.teardown.survey import survey
from workshop.teardown.teardown import Outcome, teardown

IMPATIENT = Pace(pause=0.0, patience=0.05, settle=0.0)


def impatient(cloud: Cloud, folder: Path) -> tuple[Outcome, str]:
    """The outcome and the receipt's text."""
    account, settings = Account(CloudSession(cloud)), with_earlier_region()
    journal = Journal(folder / "journal")
    outcome = teardown(account, settings, survey(account, settings), journal=journal, pace=IMPATIENT)
    return outcome, as_text(receipt(outcome, journal, settings, account))


def kinds(cloud: Cloud) -> set[tuple[str, str]]:
    """What is left of the workshop."""
    return {key[::2] for key in without_history(cloud)} - {key[::2] for key in without_history(build([]))}


def test_should_keep_what_ends_an_endpoint_that_hangs(tmp_path: Path) -> None:
    """Its expiry, and its model: AWS hangs for an hour when that is deleted while the endpoint is being created."""
    cloud = build([*whole_workshop(), Thing("model", HOME, "chitra--stuck", {"tags": TAG})])
    cloud.add("endpoint", HOME, "chitra--stuck", state="Creating", stuck=True, tags=TAG)
    cloud.add("schedule", HOME, "chitra--stuck")
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    left = kinds(cloud)
    assert {("endpoint", "chitra--stuck"), ("model", "chitra--stuck"), ("schedule", "chitra--stuck")} <= left
    assert {("stack", "chitra-workflow"), ("stack", "chitra-foundation")} <= left
    assert ("stack", "chitra-participants") not in left
    assert ("endpoint", "chitra--endpoint") not in left
    assert not cloud.things["bucket", HOME, f"chitra-sagemaker-123456789012-{HOME}"]["objects"]
    assert "endpoint chitra--stuck Creating\n      still Creating; AWS deletes no endpoint at work" in text
    assert "stack chitra-workflow CREATE_COMPLETE\n      waits for endpoints" in text
    cloud.things["endpoint", HOME, "chitra--stuck"].pop("stuck")
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()


def test_should_tell_why_a_stack_does_not_go(tmp_path: Path) -> None:
    cloud = build(stacks())
    cloud.things["stack", HOME, "chitra-participants"]["protected"] = True
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert "termination protection is on: switch it off (CloudFormation, the stack), then run the command again" in text
    cloud.things["stack", HOME, "chitra-participants"].pop("protected")
    cloud.things["stack", HOME, "chitra-participants"]["holds"].append(("user", "kept"))
    cloud.add("user", "global", "kept", keys=["AKIA000000000001"], password=False)
    cloud._iam = lambda *call: _denied(*call) if call[2].get("UserName") == "kept" else Cloud._iam(cloud, *call)  # type: ignore[method-assign]
    outcome, text = impatient(cloud, tmp_path)
    assert "access keys and passwords: user kept: ListAccessKeys was denied" in text
    assert "stack chitra-participants CREATE_COMPLETE\n      waits for access keys and passwords" in text
    del cloud._iam
    assert tear_down(cloud, tmp_path / "journal").clean


def _denied(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    raise RefusalError("AccessDenied", "no identity-based policy allows it")


def test_should_wait_out_a_stack_at_work_and_try_a_failed_deletion_again(tmp_path: Path) -> None:
    states = ("DELETE_FAILED", "UPDATE_IN_PROGRESS", "ROLLBACK_COMPLETE")
    cloud = build(stacks(states=states), looks=3)
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()


def test_should_remove_the_repository_and_project_of_a_stack_that_is_gone(tmp_path: Path) -> None:
    own = {"tags": TAG, "images": ["a", "b"]}
    things = [Thing("repository", HOME, NAMES.image_repository, own)]
    things += [Thing("build-project", HOME, NAMES.build_project, {"tags": TAG, "builds": builds(NAMES.build_project)})]
    things += [Thing("log-group", HOME, NAMES.build_log_group)]
    cloud = build(things)
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()


def test_should_leave_a_repository_and_project_of_others_alone(tmp_path: Path) -> None:
    others = {"tags": {"workshop": "chitra-2"}}
    things = [Thing("repository", HOME, NAMES.image_repository, {**others, "images": ["theirs"]})]
    things += [Thing("build-project", HOME, NAMES.build_project, {**others, "builds": builds(NAMES.build_project)})]
    cloud = build([*stacks(states=("CREATE_COMPLETE", "", "")), *things])
    assert tear_down(cloud, tmp_path / "journal").clean
    assert cloud.things["repository", HOME, NAMES.image_repository]["images"] == ["theirs"]
    assert cloud.things["build-project", HOME, NAMES.build_project]["builds"] == builds(NAMES.build_project)


@pytest.mark.parametrize(
    ("service", "left"),
    [
        ("ecr", {("repository", "chitra--1"), ("repository", "chitra--2")}),
        ("scheduler", {("schedule", "chitra--endpoint"), ("stack", "chitra-workflow"), ("stack", "chitra-foundation")}),
        ("logs", {("log-group", "/aws/sagemaker/Endpoints/chitra--endpoint")}),
        ("application_autoscaling", {("scalable-target", "endpoint/chitra--endpoint/variant/AllTraffic")}),
        ("resourcegroupstaggingapi", set()),
    ],
)
def test_should_go_on_when_one_service_is_denied(service: str, left: set[tuple[str, str]], tmp_path: Path) -> None:
    cloud = build(whole_workshop())
    setattr(cloud, f"_{service}", _denied)
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert "was denied (no identity-based policy allows it): have the caller's permissions extended" in text
    remaining = kinds(cloud) | {
        ("repository", tag)
        for key, record in cloud.things.items()
        if key[0] == "repository"
        for tag in record["images"]
        if tag != "other"
    }
    assert left <= remaining
    assert ("endpoint", "chitra--endpoint") not in remaining
    assert ("stack", "chitra-participants") not in remaining
    delattr(cloud, f"_{service}")
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()


def test_should_go_on_when_a_region_is_switched_off(tmp_path: Path) -> None:
    cloud = build([*whole_workshop(), *sagemaker("endpoint", "chitra--far", TAG, region=EARLIER)])
    cloud.enabled = (HOME, "eu-west-1")
    outcome, text = impatient(cloud, tmp_path)
    assert not outcome.clean
    assert f"region {EARLIER} is switched off: switch it on (Account, AWS Regions)" in text
    assert {key[1] for key in without_history(cloud)} - {key[1] for key in build([]).things} == set()
    assert kinds(cloud) & {("endpoint", "chitra--endpoint"), ("stack", "chitra-foundation")} == set()
    cloud.enabled = (HOME, EARLIER, "eu-west-1")
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()


def test_should_end_at_once_when_interrupted(tmp_path: Path) -> None:
    cloud = build(whole_workshop())
    cloud.add("endpoint", HOME, "chitra--stuck", state="Creating", stuck=True, tags=TAG)
    account, settings = Account(CloudSession(cloud)), with_earlier_region()
    found, journal = survey(account, settings), Journal(tmp_path / "journal")
    known = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            teardown(account, settings, found, journal=journal, pace=Pace(pause=16.0, patience=600.0))
    finally:
        signal.signal(signal.SIGINT, known)
    assert time.monotonic() - started < 60  # and not the ten minutes of patience
    assert "access keys of" in {entry["kind"] for entry in Journal(tmp_path / "journal").entries}
    cloud.things["endpoint", HOME, "chitra--stuck"].pop("stuck")
    assert tear_down(cloud, tmp_path / "journal").clean


def test_should_remove_logs_that_come_late(tmp_path: Path) -> None:
    cloud = build(sagemaker("endpoint", "chitra--late", TAG))
    calls = 0

    def logs(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        nonlocal calls
        answer = Cloud._logs(cloud, region, operation, params)
        calls += operation == "DeleteLogGroup"
        if operation == "DeleteLogGroup" and calls == 1:
            cloud.add("log-group", region, params["logGroupName"])
        return answer

    cloud._logs = logs  # type: ignore[method-assign]
    assert tear_down(cloud, tmp_path / "journal").clean
    assert calls == 2
    assert kinds(cloud) == set()


def test_should_leave_alone_what_has_the_name_but_not_the_tag(tmp_path: Path) -> None:
    cloud = build(
        [Thing("model", HOME, "chitra--somebodys", {"tags": {}}), *sagemaker("endpoint", "chitra--mine", TAG)]
    )
    outcome, text = impatient(cloud, tmp_path)
    assert outcome.clean
    assert kinds(cloud) == {("model", "chitra--somebodys")}
    assert "Left alone (1)\n  ap-northeast-1  model chitra--somebodys: has the name but not the tag" in text


def test_should_leave_alone_stack_bucket_and_workflow_of_the_same_names(tmp_path: Path) -> None:
    """Somebody else may have a stack called chitra-workflow; only the tag says whose it is."""
    theirs = [replace(thing, record={**thing.record, "tags": {"team": "chitra"}}) for thing in stacks()]
    others = [thing for thing in theirs if thing.kind in ("stack", "bucket", "state-machine")]
    cloud = build([*others, *sagemaker("endpoint", "chitra--mine", TAG)])
    outcome, text = impatient(cloud, tmp_path)
    assert outcome.clean
    assert without_history(cloud) == without_history(build(others))
    for name in ("stack chitra-foundation", "stack chitra-workflow", "stack chitra-participants", "bucket chitra-sage"):
        assert f"{HOME}  {name}" in text
    assert "state machine chitra-workflow: has the name but not the tag" in text


def test_should_find_logs_of_jobs_under_other_names_after_a_kill(tmp_path: Path) -> None:
    """The endpoint that carried the tag is gone; only the journal knows whose log group that was."""
    cloud = build(sagemaker("endpoint", "from-a-notebook", TAG))
    journal = Journal(tmp_path / "journal")
    account, settings = Account(CloudSession(cloud)), with_earlier_region()
    journal.saw(survey(account, settings))
    cloud.drop("endpoint", HOME, "from-a-notebook")
    with (tmp_path / "journal").open("a") as stream:
        stream.write('{"entry": "removed", "ki')
    assert tear_down(cloud, tmp_path / "journal").clean
    assert kinds(cloud) == set()
