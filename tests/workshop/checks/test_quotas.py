"""A workshop needs room for all its participants at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.accounts import build
from tests.helpers.examined import QUOTAS, Examined, examined, prepare, settings
from tests.helpers.project import SETTINGS
from workshop.checks.check import State
from workshop.checks.quotas import needed_quotas

SERVERLESS = SETTINGS.endpoint.model_copy(update={"kind": "serverless"})


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return prepare(tmp_path, monkeypatch)


def test_should_count_instances_of_all_participants() -> None:
    given = SETTINGS.model_copy(update={"participants": ["a", "b"]})
    training = given.training.model_copy(update={"spot": True, "instance_count": 3})
    needed = needed_quotas(given.model_copy(update={"training": training, "endpoint": SERVERLESS}))
    assert {need.code or need.name: need.count for need in needed} == {
        "ml.m5.xlarge for processing job usage": 2,
        "ml.g4dn.xlarge for spot training job usage": 6,
        "L-F311B08F": 2,
        "L-00C91CB5": 6,
        "Maximum number of serverless endpoints": 2,
        "L-96300102": 2,
        "ml.m5.xlarge for transform job usage": 1,
        "L-3F243AD0": 1,
    }


def test_should_count_instances_that_are_kept_warm() -> None:
    warm = SETTINGS.training.model_copy(update={"keep_warm_minutes": 20})
    given = SETTINGS.model_copy(update={"participants": ["a", "b"], "training": warm})
    name = "ml.g4dn.xlarge for training warm pool usage"
    assert {need.name: need.count for need in needed_quotas(given)}[name] == 2
    assert name not in {need.name for need in needed_quotas(SETTINGS)}


@pytest.mark.parametrize(("people", "lookups"), [(1, 1), (15, 1), (16, 2), (30, 2), (100, 7)])
def test_should_count_who_asks_for_logs_in_a_second(people: int, lookups: int) -> None:
    given = SETTINGS.model_copy(update={"participants": [f"p{number}" for number in range(people)]})
    assert {need.code: need.count for need in needed_quotas(given)}["L-3F243AD0"] == lookups


def test_should_name_the_request_for_a_quota_that_is_too_small(project: Path) -> None:
    given = settings(participants=["a", "b", "c"])
    check = examined(build([]), project, given)["quota: ml.g4dn.xlarge for training job usage"]
    assert (check.state, check.finding) == (State.FAILED, "0, 3 needed")
    assert check.fix == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-2 "
        "--desired-value 3 --region ap-northeast-1"
    )


def test_should_name_the_request_for_an_account_wide_quota(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: (code, 2.0 if code == "L-7A3DF611" else 10.0) for name, (code, _) in QUOTAS.items()}
    monkeypatch.setattr(Examined, "quotas", few)
    check = examined(build([]), project, settings(participants=["a", "b", "c"]))[
        "quota: instances across all endpoints"
    ]
    assert (check.state, check.finding) == (State.FAILED, "2, 3 needed")
    assert "--quota-code L-7A3DF611 --desired-value 3" in check.fix


def test_should_say_that_no_quota_of_that_name_is_listed(project: Path) -> None:
    given = settings(training=SETTINGS.training.model_copy(update={"instance_type": "ml.new.xlarge"}))
    check = examined(build([]), project, given)["quota: ml.new.xlarge for training job usage"]
    assert (check.state, check.fix) == (State.UNKNOWN, "look at the instance type in cdk.json")


@pytest.mark.parametrize(
    ("name", "given", "request_command"),
    [
        (
            "concurrent invocations across all serverless endpoints",
            ("L-96300102", 10.0),
            "--service-code sagemaker --quota-code L-96300102 --desired-value 30 --region ap-northeast-1",
        ),
        (
            "Maximum number of serverless endpoints",
            ("L-9", 5.0),
            "--service-code sagemaker --quota-code L-9 --desired-value 30 --region ap-northeast-1",
        ),
        (
            "DescribeLogStreams per second, by who follows a run",
            ("L-3F243AD0", 1.0),
            "--service-code logs --quota-code L-3F243AD0 --desired-value 2 --region ap-northeast-1",
        ),
    ],
)
def test_should_ask_for_thirty_people(
    name: str, given: tuple[str, float], request_command: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Examined, "quotas", {**QUOTAS, name: given})
    thirty = settings(participants=[f"p{number}" for number in range(30)], endpoint=SERVERLESS)
    check = examined(build([]), project, thirty)[f"quota: {name}"]
    assert check.state is State.FAILED
    assert check.fix == f"aws service-quotas request-service-quota-increase {request_command}"


def test_should_say_where_to_look_for_a_quota_that_is_not_listed(project: Path) -> None:
    name = "concurrent invocations across all serverless endpoints"
    check = examined(build([]), project, settings(endpoint=SERVERLESS))[f"quota: {name}"]
    assert (check.state, check.fix) == (State.UNKNOWN, "look for it in the console of Service Quotas: 1 needed")
