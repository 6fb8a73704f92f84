"""Teardown removes what is the workshop's, whatever state it is in, and nothing of its neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.names import Names
from infra.settings import Settings, read_settings
from rehearsal.inventory import inventory
from rehearsal.runtime import Runtime
from rehearsal.server import LocalAws
from workshop.belongings import list_belongings
from workshop.credentials import issue_credentials, revoke_credentials
from workshop.errors import WorkshopError
from workshop.teardown import teardown

ROLE = "arn:aws:iam::123456789012:role/execution"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def session(tmp_path: Path, stand_in: Path) -> Iterator[boto3.Session]:
    with LocalAws(tmp_path, runtime=Runtime(stand_in), region="ap-northeast-1") as aws:
        root = aws.session()
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        root.client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=document)
        root.client("ecr").create_repository(repositoryName="images")
        root.client("ecr").describe_images(repositoryName="images", imageIds=[{"imageTag": "v1"}])
        yield root


def furnish(session: boto3.Session, workshop: str) -> None:
    """What executions of a workshop leave at run time, and a bucket with versions and an unfinished upload."""
    names = Names(workshop)
    run = f"{names.run_prefix}run-1"
    tags = [{"Key": "workshop", "Value": workshop}]
    sagemaker = session.client("sagemaker")
    container = {"Image": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/images:v1"}
    sagemaker.create_model(ModelName=run, ExecutionRoleArn=ROLE, PrimaryContainer=container, Tags=tags)
    variant = {"VariantName": "v", "ModelName": run, "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=run, ProductionVariants=[variant], Tags=tags)
    sagemaker.create_endpoint(EndpointName=run, EndpointConfigName=run, Tags=tags)  # fails: it has no artefact
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": ROLE, "Input": "{}"}
    session.client("scheduler").create_schedule(
        Name=run, ScheduleExpression="at(2099-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    logs = session.client("logs")
    groups = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
    for group, stream in (
        ("/aws/sagemaker/TrainingJobs", f"{run}/algo-1"),
        (f"/aws/sagemaker/Endpoints/{run}", "AllTraffic/i-1"),
        (names.workflow_log_group, "states"),
    ):
        if group not in groups:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    s3 = session.client("s3")
    bucket = names.bucket("123456789012", "ap-northeast-1")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="models/m.tar.gz", Body=body)
    s3.delete_object(Bucket=bucket, Key="models/m.tar.gz")
    s3.create_multipart_upload(Bucket=bucket, Key="models/unfinished")


def make_untagged_model_of_the_same_name_prefix(session: boto3.Session) -> None:
    container = {"Image": "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/images:v1"}
    session.client("sagemaker").create_model(
        ModelName="chitra--somebody-elses", ExecutionRoleArn=ROLE, PrimaryContainer=container
    )


def test_should_remove_its_own_and_keep_the_neighbours(session: boto3.Session) -> None:
    settings = read_settings()
    furnish(session, "chitra-2")
    make_untagged_model_of_the_same_name_prefix(session)
    neighbours = inventory(session)
    furnish(session, settings.name)
    seen: list[str] = []

    def on_removed(belonging: Any, problem: str) -> None:
        seen.append(str(belonging))

    assert teardown(session, settings, on_removed=on_removed) == []
    assert list_belongings(session, settings) == []
    # The emptied bucket goes with its stack, which this test has not made.
    left = inventory(session) - neighbours
    assert left == {"bucket chitra-sagemaker-123456789012-ap-northeast-1"}
    assert neighbours <= inventory(session)
    first_of = {kind: next(i for i, name in enumerate(seen) if name.startswith(kind)) for kind in ("endpoint", "model")}
    assert first_of["endpoint"] < first_of["model"] < len(seen) - 1
    assert seen[-1].startswith("log group")


def test_should_find_nothing_in_an_account_without_the_workshop(session: boto3.Session) -> None:
    assert list_belongings(session, read_settings()) == []
    assert teardown(session, read_settings()) == []


def test_should_go_on_when_one_thing_cannot_be_removed(session: boto3.Session, monkeypatch: Any) -> None:
    settings = read_settings()
    furnish(session, settings.name)
    monkeypatch.setattr("workshop.teardown.ROUND_PAUSE_SECONDS", 0.0)
    real = session.client("sagemaker")

    class Stubborn(boto3.Session):
        def client(self, name: str, **arguments: Any) -> Any:  # type: ignore[override]
            client = session.client(name, **arguments)
            if name == "sagemaker":
                client.meta.events.register("before-call.sagemaker.DeleteModel", refuse)
            return client

    def refuse(**arguments: Any) -> None:
        raise real.exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteModel")

    remaining = teardown(Stubborn(region_name="ap-northeast-1"), settings)
    assert [str(belonging) for belonging in remaining] == ["model chitra--run-1"]
    assert teardown(session, settings) == []


def test_should_issue_two_keys_at_most_into_private_files(session: boto3.Session, tmp_path: Path) -> None:
    settings: Settings = read_settings()
    names = Names(settings.name)
    iam = session.client("iam")
    with pytest.raises(WorkshopError, match="'tanaka': is no user"):
        issue_credentials(iam, names, "tanaka", region=settings.region, folder=tmp_path)
    iam.create_user(UserName=names.user("tanaka"))
    for _ in range(2):
        file = issue_credentials(iam, names, "tanaka", region=settings.region, folder=tmp_path / "keys")
        assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WorkshopError, match="has 2 access keys, AWS's limit"):
        issue_credentials(iam, names, "tanaka", region=settings.region, folder=tmp_path)
    assert revoke_credentials(iam, names.user("tanaka")) == 2
