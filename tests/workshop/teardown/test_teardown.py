"""Teardown on the local AWS: what is its own goes, neighbours stay; the independent listing is the judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.names import Names, bootstrap_bucket, bootstrap_repository
from infra.settings import Settings
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from rehearsal.inventory import inventory
from tests.helpers.leftovers import ACCOUNT, REGION, leave_a_run
from tests.helpers.project import SETTINGS
from workshop.aws.account import Account
from workshop.aws.waiting import Pace
from workshop.teardown.journal import Journal
from workshop.teardown.survey import survey
from workshop.teardown.teardown import Outcome, teardown

ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
LOCATION = {"LocationConstraint": REGION}
REPOSITORY = bootstrap_repository(ACCOUNT, REGION)
QUICK = Pace(pause=0.2, patience=60, settle=0.0)


@pytest.fixture
def session(tmp_path: Path, stand_in: Path) -> Iterator[boto3.Session]:
    with LocalAws(tmp_path, runtime=Runtime(stand_in), region=REGION) as aws:
        root = aws.session()
        document = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
        root.client("iam").create_role(RoleName="execution", AssumeRolePolicyDocument=document)
        root.client("ecr").create_repository(repositoryName=REPOSITORY)
        bucket = bootstrap_bucket(ACCOUNT, REGION)
        root.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=LOCATION)
        yield root


def furnish(session: boto3.Session, workshop: str) -> None:
    """What executions and deployments of a workshop leave, and a bucket without its stack."""
    names = Names(workshop)
    tag = f"{names.run_prefix}1"
    session.client("ecr").describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])  # makes it, here
    leave_a_run(  # its endpoints fail: they have no artefact
        session.client,
        workshop,
        role=ROLE,
        image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:{tag}",
        expires="2099-01-01T00:00:00",
        endpoints_too=(f"notebook-of-{workshop}",),
        log_groups_too=(names.workflow_log_group,),
    )
    s3, bucket = session.client("s3"), names.bucket(ACCOUNT, REGION)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=LOCATION)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "workshop", "Value": workshop}]})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key="models/m.tar.gz", Body=body)
    s3.delete_object(Bucket=bucket, Key="models/m.tar.gz")
    s3.create_multipart_upload(Bucket=bucket, Key="models/unfinished")


def tear_down(session: boto3.Session, settings: Settings, folder: Path) -> Outcome:
    account, journal = Account(session), Journal(folder / "journal")
    return teardown(account, settings, survey(account, settings), journal=journal, pace=QUICK)


def test_should_remove_its_own_and_keep_the_neighbours(session: boto3.Session, tmp_path: Path) -> None:
    settings = SETTINGS
    furnish(session, "chitra-2")
    container = {"Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:chitra-2--1"}
    session.client("sagemaker").create_model(
        ModelName="chitra--somebody-elses", ExecutionRoleArn=ROLE, PrimaryContainer=container
    )
    neighbours = inventory(session)
    furnish(session, settings.name)
    outcome = tear_down(session, settings, tmp_path)
    assert outcome.clean, (outcome.problems, outcome.last.problems)
    assert inventory(session) == neighbours
    removed = [str(attempt.resource) for attempt in outcome.removed]
    for earlier, later in (("endpoint chitra--run-1", "model chitra--run-1"), ("model chitra--run-1", "bucket chitra")):
        positions = [next(i for i, name in enumerate(removed) if name.startswith(each)) for each in (earlier, later)]
        assert positions == sorted(positions)
    assert removed[-1].startswith("log ")
    assert "endpoint notebook-of-chitra" in removed
    assert [str(each) for each in outcome.last.lookalikes] == ["model chitra--somebody-elses"]


def test_should_find_nothing_in_an_account_without_the_workshop(session: boto3.Session, tmp_path: Path) -> None:
    found = survey(Account(session), SETTINGS)
    assert found.clean
    assert tear_down(session, SETTINGS, tmp_path).removed == []
