"""Lists what stands in the account, without asking the workshop's own code: the proof after teardown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import boto3
from botocore import xform_name

ENDED = frozenset({"Completed", "Failed", "Stopped"})


def inventory(session: boto3.Session) -> set[str]:
    """Everything of every kind that the local AWS can hold for this project, as ``kind name``.

    SageMaker keeps jobs that ended in its history for good, at no cost; they do not count.
    """
    return set(_everything(session))


def _everything(session: boto3.Session) -> Iterator[str]:
    cloudformation = session.client("cloudformation")
    for stack in _pages(cloudformation, "describe_stacks", "Stacks"):
        yield f"stack {stack['StackName']}"
    yield from _storage(session)
    yield from _identities(session)
    for parameter in _pages(session.client("ssm"), "describe_parameters", "Parameters"):
        yield f"parameter {parameter['Name']}"
    states = session.client("stepfunctions")
    for machine in _pages(states, "list_state_machines", "stateMachines"):
        yield f"state machine {machine['name']}"
        for execution in _pages(
            states, "list_executions", "executions", stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
        ):
            yield f"running execution {execution['name']}"
    for schedule in _pages(session.client("scheduler"), "list_schedules", "Schedules"):
        yield f"schedule {schedule['Name']}"
    yield from _logs(session)
    yield from _sagemaker(session)
    scaling = session.client("application-autoscaling")
    for target in _pages(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"):
        yield f"scalable target {target['ResourceId']}"
    ecr = session.client("ecr")
    for repository in _pages(ecr, "describe_repositories", "repositories"):
        name = repository["repositoryName"]
        yield f"repository {name}"
        for image in _pages(ecr, "list_images", "imageIds", repositoryName=name):
            yield f"image {name}:{image.get('imageTag', image.get('imageDigest'))}"


def _storage(session: boto3.Session) -> Iterator[str]:
    s3 = session.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        yield f"bucket {name}"
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield f"object {name}/{entry['Key']} {entry['VersionId']}"


def _identities(session: boto3.Session) -> Iterator[str]:
    iam = session.client("iam")
    for user in _pages(iam, "list_users", "Users"):
        yield f"user {user['UserName']}"
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
            yield f"access key of {user['UserName']} {key['AccessKeyId']}"
        with contextlib.suppress(iam.exceptions.NoSuchEntityException):
            iam.get_login_profile(UserName=user["UserName"])
            yield f"console password of {user['UserName']}"
    for role in _pages(iam, "list_roles", "Roles"):
        yield f"role {role['RoleName']}"
    for policy in _pages(iam, "list_policies", "Policies", Scope="Local"):
        yield f"policy {policy['PolicyName']}"


def _logs(session: boto3.Session) -> Iterator[str]:
    logs = session.client("logs")
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield f"log group {name}"
        for stream in _pages(logs, "describe_log_streams", "logStreams", logGroupName=name):
            yield f"log stream {name}/{stream['logStreamName']}"


def _sagemaker(session: boto3.Session) -> Iterator[str]:
    sagemaker = session.client("sagemaker")
    for model in _pages(sagemaker, "list_models", "Models"):
        yield f"model {model['ModelName']}"
    for config in _pages(sagemaker, "list_endpoint_configs", "EndpointConfigs"):
        yield f"endpoint config {config['EndpointConfigName']}"
    for endpoint in _pages(sagemaker, "list_endpoints", "Endpoints"):
        yield f"endpoint {endpoint['EndpointName']}"
    for noun in ("ProcessingJob", "TrainingJob", "TransformJob"):
        for job in _pages(sagemaker, xform_name(f"List{noun}s"), f"{noun}Summaries"):
            if job[f"{noun}Status"] not in ENDED:
                yield f"running job {job[f'{noun}Name']}"


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]
