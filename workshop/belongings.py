"""Lists everything in the account that belongs to one workshop, and knows how to remove each thing.

SageMaker resources belong by the workshop's tag; log streams, log groups and schedules, which carry none, by a
name that only this workshop's runs have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.names import Names
from infra.settings import TAG_KEY, Settings
from workshop.credentials import revoke_credentials

JOB_LOG_GROUPS = ("/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TrainingJobs")
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"
DELETE_BATCH = 1000
GONE = frozenset({"NoSuchEntity", "NoSuchBucket", "ResourceNotFoundException", "ResourceNotFound", "404", "NoSuchKey"})


@dataclass(frozen=True, slots=True)
class Belonging:
    """One thing to remove. ``phase`` orders the removal: what costs money goes first."""

    phase: int
    kind: str
    name: str
    remove: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def list_belongings(session: boto3.Session, settings: Settings, assembly: Path | None = None) -> list[Belonging]:
    """In the order of removal. ``assembly`` is the cdk.out folder of the deployment, for its staged assets."""
    found: list[Belonging] = []
    names = Names(settings.name)
    listers = (
        _executions,
        _endpoints,
        _jobs,
        _models,
        _schedules,
        _access_keys,
        _bucket_contents,
        _stacks,
        _images,
        _logs,
    )
    for lister in listers:
        found += lister(session, names, settings.region)
    if assembly is not None:
        found += _staged_files(session, settings, assembly)
    return sorted(found, key=lambda belonging: belonging.phase)


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that the thing does not exist (any more)."""
    details = error.response["Error"]
    return details["Code"] in GONE or "does not exist" in details["Message"] or "Could not find" in details["Message"]


def _executions(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    states = session.client("stepfunctions")
    machines = (
        machine for page in states.get_paginator("list_state_machines").paginate() for machine in page["stateMachines"]
    )
    for machine in machines:
        if machine["name"] != names.state_machine:
            continue
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
        )
        for page in pages:
            for execution in page["executions"]:
                arn = execution["executionArn"]
                yield Belonging(
                    0,
                    "execution",
                    execution["name"],
                    partial(states.stop_execution, executionArn=arn, cause="teardown"),
                )


def _endpoints(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    sagemaker = session.client("sagemaker")
    for name in _tagged(sagemaker, names, "list_endpoints", "Endpoints", "Endpoint"):
        yield Belonging(1, "endpoint", name, partial(sagemaker.delete_endpoint, EndpointName=name))
    for name in _tagged(sagemaker, names, "list_endpoint_configs", "EndpointConfigs", "EndpointConfig"):
        yield Belonging(2, "endpoint config", name, partial(sagemaker.delete_endpoint_config, EndpointConfigName=name))


def _jobs(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    """Jobs that run. Those that ended cost nothing and stay in SageMaker's history."""
    sagemaker = session.client("sagemaker")
    running = {"StatusEquals": "InProgress"}
    for name in _tagged(sagemaker, names, "list_processing_jobs", "ProcessingJobSummaries", "ProcessingJob", running):
        yield Belonging(1, "processing job", name, partial(sagemaker.stop_processing_job, ProcessingJobName=name))
    for name in _tagged(sagemaker, names, "list_training_jobs", "TrainingJobSummaries", "TrainingJob", running):
        yield Belonging(1, "training job", name, partial(sagemaker.stop_training_job, TrainingJobName=name))


def _models(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    sagemaker = session.client("sagemaker")
    for name in _tagged(sagemaker, names, "list_models", "Models", "Model"):
        yield Belonging(2, "model", name, partial(sagemaker.delete_model, ModelName=name))


def _tagged(
    sagemaker: Any, names: Names, operation: str, list_key: str, noun: str, filters: dict[str, str] | None = None
) -> Iterator[str]:
    pages = sagemaker.get_paginator(operation).paginate(NameContains=names.run_prefix, **(filters or {}))
    for page in pages:
        for entry in page[list_key]:
            try:
                tags = sagemaker.list_tags(ResourceArn=entry[f"{noun}Arn"])["Tags"]
            except ClientError as error:
                if is_gone(error) or error.response["Error"]["Code"] == "ValidationException":
                    continue
                raise
            if {"Key": TAG_KEY, "Value": names.workshop} in tags:
                yield entry[f"{noun}Name"]


def _schedules(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    scheduler = session.client("scheduler")
    for page in scheduler.get_paginator("list_schedules").paginate(NamePrefix=names.run_prefix):
        for schedule in page["Schedules"]:
            name = schedule["Name"]
            yield Belonging(2, "schedule", name, partial(scheduler.delete_schedule, Name=name))


def _access_keys(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    """Keys of the users that the participants' stack made; they would keep it from being deleted."""
    iam = session.client("iam")
    for user in _stack_resources(session, names.participants_stack, "AWS::IAM::User"):
        try:
            keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except ClientError as error:
            if is_gone(error):
                continue
            raise
        if keys:
            yield Belonging(3, "access keys", user, partial(revoke_credentials, iam, user))


def _stack_resources(session: boto3.Session, stack: str, resource_type: str) -> Iterator[str]:
    cloudformation = session.client("cloudformation")
    try:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == resource_type and resource.get("PhysicalResourceId"):
                    yield resource["PhysicalResourceId"]
    except ClientError as error:
        if not is_gone(error):
            raise


def _bucket_contents(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    s3 = session.client("s3")
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = names.bucket(account, region)
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if is_gone(error):
            return
        raise
    first = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    uploads = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    if first.get("Versions") or first.get("DeleteMarkers") or uploads:
        yield Belonging(4, "bucket contents", bucket, partial(_delete_versions, s3, bucket))


def _delete_versions(s3: Any, bucket: str, prefix: str = "") -> None:
    """Delete every version, delete marker and unfinished upload under a prefix."""
    versions = s3.get_paginator("list_object_versions")
    for page in versions.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": DELETE_BATCH}):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if entries:
            objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def _stacks(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    """Deleted one after the other, in the reverse order of deployment."""
    cloudformation = session.client("cloudformation")
    for number, stack in enumerate(reversed(names.stacks)):
        try:
            cloudformation.describe_stacks(StackName=stack)
        except ClientError as error:
            if is_gone(error):
                continue
            raise
        yield Belonging(6 + number, "stack", stack, partial(_delete_stack, cloudformation, stack))


def _delete_stack(cloudformation: Any, stack: str) -> None:
    cloudformation.delete_stack(StackName=stack)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=stack, WaiterConfig={"Delay": 3, "MaxAttempts": 200})


def _images(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    """The image that the workflow stack put into the bootstrap repository, found while its parameter exists."""
    parameters = session.client("ssm").get_parameters(Names=[names.parameter("image")])["Parameters"]
    if not parameters:
        return
    repository, _, tag = parameters[0]["Value"].rpartition("/")[2].partition(":")
    ecr = session.client("ecr")
    image = {"imageTag": tag}
    try:
        pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
        held = any(entry.get("imageTag") == tag for page in pages for entry in page["imageIds"])
    except ClientError as error:
        if is_gone(error) or error.response["Error"]["Code"] == "RepositoryNotFoundException":
            return
        raise
    if held:
        yield Belonging(
            5,
            "image",
            f"{repository}:{tag}",
            partial(ecr.batch_delete_image, repositoryName=repository, imageIds=[image]),
        )


def _logs(session: boto3.Session, names: Names, region: str) -> Iterator[Belonging]:
    """Streams of the workshop's jobs in groups that the account shares, and groups of its endpoints."""
    logs = session.client("logs")
    for group in JOB_LOG_GROUPS:
        try:
            pages = logs.get_paginator("describe_log_streams").paginate(
                logGroupName=group, logStreamNamePrefix=names.run_prefix
            )
            streams = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except ClientError as error:
            if is_gone(error):
                continue
            raise
        if streams:
            yield Belonging(
                9,
                f"{len(streams)} log streams of",
                group,
                partial(_delete_streams, logs, group, streams),
            )
    for prefix in (ENDPOINT_LOGS + names.run_prefix, names.workflow_log_group):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for entry in page["logGroups"]:
                name = entry["logGroupName"]
                if name.startswith(ENDPOINT_LOGS) or name == names.workflow_log_group:
                    yield Belonging(10, "log group", name, partial(logs.delete_log_group, logGroupName=name))


def _delete_streams(logs: Any, group: str, streams: list[str]) -> None:
    """Delete the streams, and the group when that leaves it empty: SageMaker makes it anew when it is needed."""
    for stream in streams:
        try:
            logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if not is_gone(error):
                raise
    if not logs.describe_log_streams(logGroupName=group, limit=1)["logStreams"]:
        logs.delete_log_group(logGroupName=group)


def _staged_files(session: boto3.Session, settings: Settings, assembly: Path) -> Iterator[Belonging]:
    """Templates that `cdk deploy` put into the bootstrap bucket, by the keys in the cloud assembly."""
    s3 = session.client("s3")
    account = session.client("sts").get_caller_identity()["Account"]
    for manifest in sorted(assembly.glob("*.assets.json")):
        for asset in json.loads(manifest.read_text(encoding="utf-8"))["files"].values():
            for destination in asset["destinations"].values():
                bucket = destination["bucketName"].replace("${AWS::AccountId}", account)
                bucket = bucket.replace("${AWS::Region}", settings.region)
                key = destination["objectKey"]
                try:
                    versions = s3.list_object_versions(Bucket=bucket, Prefix=key)
                except ClientError as error:
                    if is_gone(error):
                        continue
                    raise
                if versions.get("Versions") or versions.get("DeleteMarkers"):
                    yield Belonging(5, "staged template", key, partial(_delete_versions, s3, bucket, key))
