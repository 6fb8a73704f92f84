"""Instances that training jobs keep: told as SageMaker tells it, shown by status, ended by a teardown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import Names
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import SETTINGS
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.aws.waiting import Pace
from workshop.runs.costs import PriceList
from workshop.runs.warm_pools import warm_pools
from workshop.teardown.journal import Journal
from workshop.teardown.survey import survey
from workshop.teardown.teardown import teardown

HOUR = 3600
TAGS = [{"Key": "workshop", "Value": "chitra"}]


@dataclass(frozen=True)
class Training:
    """Jobs that fail at once, because their channel is empty; what they would keep warm is the same."""

    account: Account
    sagemaker: Any
    role: str
    image: str
    bucket: str

    def run(self, name: str, *, keep: int = HOUR, instance: str = "ml.m5.xlarge", **fields: Any) -> None:
        cluster = {"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 10, "KeepAlivePeriodInSeconds": keep}
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/nothing/"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=self.role,
            AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": "File"},
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/models"},
            ResourceConfig=cluster,
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            Tags=TAGS,
            **fields,
        )
        deadline = time.monotonic() + 60
        while self.describe(name)["TrainingJobStatus"] == "InProgress":
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def describe(self, name: str) -> dict[str, Any]:
        job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return job

    def pool(self, name: str) -> dict[str, Any]:
        pool: dict[str, Any] = self.describe(name).get("WarmPoolStatus", {})
        return pool

    def update(self, name: str, seconds: int) -> None:
        self.sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": seconds})


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    folder = tmp_path_factory.mktemp("warm")
    with LocalAws(folder, runtime=Runtime(folder), region=SETTINGS.region) as aws:
        account = Account(deploy(aws, SETTINGS))
        deployment = find_deployment(account, SETTINGS)
        sagemaker = account.client("sagemaker")
        yield Training(account, sagemaker, deployment.execution_role, deployment.image, deployment.bucket)


def test_should_tell_when_the_status_of_a_job_changed(training: Training) -> None:
    training.run("told", keep=0)
    transitions = training.describe("told")["SecondaryStatusTransitions"]
    assert [each["Status"] for each in transitions] == [
        "Starting",
        "Downloading",
        "Failed",
    ]  # there is nothing to train
    ends = [each.get("EndTime") for each in transitions]
    assert ends == [*(each["StartTime"] for each in transitions[1:]), None]


def test_should_keep_instances_until_a_job_that_matches_takes_them(training: Training) -> None:
    training.run("first", instance="ml.c5.xlarge")
    assert training.pool("first")["Status"] == "Available"
    assert training.pool("first")["ResourceRetainedBillableTimeInSeconds"] >= 0
    training.run("of-another-type", instance="ml.c5.2xlarge", keep=0)
    assert training.pool("of-another-type") == {}
    assert training.pool("first")["Status"] == "Available"
    training.run("second", instance="ml.c5.xlarge", keep=0)
    assert (training.pool("first")["Status"], training.pool("first")["ReusedByJob"]) == ("Reused", "second")
    assert training.pool("second")["Status"] == "Terminated"


def test_should_end_a_warm_pool_by_itself_or_when_asked(training: Training) -> None:
    training.run("short", instance="ml.m5.2xlarge", keep=1)
    training.run("long", instance="ml.m5.4xlarge")
    deadline = time.monotonic() + 30
    while training.pool("short")["Status"] == "Available":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert training.pool("short") == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 1}
    listed = training.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in listed] == ["long"]
    training.update("long", 0)
    assert training.pool("long")["Status"] == "Terminated"
    with pytest.raises(ClientError, match="no available warm pool"):
        training.update("long", 0)


def test_should_refuse_to_keep_what_spot_training_lent(training: Training) -> None:
    with pytest.raises(ClientError, match="managed spot training"):
        training.run("spot", EnableManagedSpotTraining=True)


def test_should_show_what_is_warm_and_take_it_away(training: Training, tmp_path: Path) -> None:
    training.run("chitra--kept")
    [pool] = warm_pools(training.account, Names("chitra"), PriceList(training.account))
    assert str(pool).startswith("kept warm by chitra--kept: 1 x ml.m5.xlarge until 20")
    found = survey(training.account, SETTINGS)
    assert "warm pool chitra--kept" in [f"{each.kind} {each.name}" for each in found.resources]
    journal = Journal(tmp_path / "journal")
    teardown(training.account, SETTINGS, found, journal=journal, pace=Pace(pause=0.1, patience=30, settle=0))
    assert training.pool("chitra--kept")["Status"] == "Terminated"
    assert warm_pools(training.account, Names("chitra"), PriceList(training.account)) == []
