"""Who may do what, each call tried on the local AWS with the caller's own credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.settings import Settings
from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, LocalAws
from tests.helpers.project import SETTINGS
from tests.local_aws import permission_rows as rows
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.advice import DENIED
from workshop.aws.deployment import find_deployment

Callers = dict[str, boto3.Session]
PARTICIPANTS = ["participant-1", "participant-2"]


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Callers]:
    """Two workshops in one account, with something of each that the other might reach for."""
    settings = SETTINGS.model_copy(update={"participants": PARTICIPANTS})
    neighbour = settings.model_copy(update={"name": "chitra-2", "power_user": True})
    folder = tmp_path_factory.mktemp("permissions")
    with LocalAws(folder, runtime=Runtime(stand_in), region=settings.region) as aws:
        organiser = deploy(aws, settings)
        deploy(aws, neighbour)
        for name in (rows.DEPLOY_ROLE, rows.ADMIN):
            make_administrator(organiser, name.rpartition("/")[2])
        for bucket in (rows.STRANGE, rows.STAGED):
            location = {"LocationConstraint": settings.region}
            organiser.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
        for each in (settings, neighbour):
            leave_things(organiser, each)
        yield {
            rows.ORGANISER: organiser,
            rows.P1: user(aws, "chitra-participant-1"),
            rows.P2: user(aws, "chitra-participant-2"),
            rows.POWER: user(aws, "chitra-2-participant-1"),
            rows.JOB: role(organiser, aws, rows.ROLE),
            rows.OTHER_JOB: role(organiser, aws, rows.OTHER_ROLE),
        }


def make_administrator(organiser: boto3.Session, name: str) -> None:
    """A role that everybody in the account may assume who is not forbidden to, as those of the CDK's bootstrap."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = organiser.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))
    document = json.dumps({"Version": "2012-10-17", "Statement": everything})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=document)


def leave_things(organiser: boto3.Session, settings: Settings) -> None:
    """A corpus, models and an endpoint, whose container does not start for want of a model archive."""
    deployment = find_deployment(Account(organiser), settings)
    organiser.client("s3").put_object(Bucket=deployment.bucket, Key="corpus/a.jsonl", Body=b"{}")
    sagemaker, run = organiser.client("sagemaker"), f"{settings.name}--r"
    tags = [{"Key": "workshop", "Value": settings.name}]
    container = {"Image": deployment.endpoint_image, "ModelDataUrl": f"s3://{deployment.bucket}/models/none"}
    made = {"ExecutionRoleArn": deployment.execution_role, "PrimaryContainer": container}
    for name in (run, f"{settings.name}--gone"):
        sagemaker.create_model(ModelName=name, Tags=tags, **made)
    sagemaker.create_endpoint_config(**rows.config(run, of=run, Tags=tags))
    sagemaker.create_endpoint(EndpointName=run, EndpointConfigName=run, Tags=tags)
    if settings.name != "chitra":
        sagemaker.create_model(ModelName="nobodys", **made)
        sagemaker.create_endpoint_config(**rows.config("o", of=run, Tags=tags))


def user(aws: LocalAws, name: str) -> boto3.Session:
    key = aws.session().client("iam").create_access_key(UserName=name)["AccessKey"]
    return aws.session(key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def role(organiser: boto3.Session, aws: LocalAws, arn: str) -> boto3.Session:
    """As SageMaker hands it to a job."""
    issued = organiser.client("sts").assume_role(RoleArn=arn, RoleSessionName="job")["Credentials"]
    session = aws.session(key=issued["AccessKeyId"], secret=issued["SecretAccessKey"])
    session._session.set_credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
    return session


@pytest.mark.parametrize("row", rows.ROWS, ids=str)
def test_should_let_through_what_is_ones_own_and_nothing_else(callers: Callers, row: rows.Row) -> None:
    assert (refusal(callers[row.who], row) in DENIED) != row.allowed


def refusal(session: boto3.Session, row: rows.Row) -> str:
    """The error code of a call; empty when it succeeds."""
    service, operation = row.call.split(".")
    try:
        getattr(session.client(service, region_name=rows.REGION), operation)(**row.arguments)
    except ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    return ""


def test_should_hold_a_table_that_tells_apart() -> None:
    assert len(rows.ROWS) >= 60
    assert len({(row.who, row.call, str(row.arguments)) for row in rows.ROWS}) == len(rows.ROWS)
