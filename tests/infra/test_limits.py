"""The Deny statements: where they are attached, that AWS takes them, and that they say the same in every account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import get_session

from infra.limits import UNNEEDED_IN_SAGEMAKER
from tests.infra.conftest import Templates
from tests.infra.test_stacks import policies

LONGEST = 6_144  # characters without white space, of one managed policy (IAM and STS quotas)
KNOWN = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012", "AWS::Region": "ap-northeast-1"}
LONG_NAME = "a-workshop-of-16"
BUCKET = f"arn:aws:s3:::{LONG_NAME}-sagemaker-123456789012-ap-northeast-1"
NEEDED = "ProcessingJob TrainingJob TransformJob HyperParameterTuningJob Model EndpointConfig Endpoint"


def resolved(value: Any) -> Any:
    """What CloudFormation makes of it; every reference to a resource is the bucket's, the longest there is."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": name}:
            return KNOWN.get(name, BUCKET)
        case {"Fn::Join": [_, parts]}:
            return "".join(resolved(part) for part in parts)
        case {"Fn::ImportValue": _} | {"Fn::GetAtt": _}:
            return BUCKET
    return {key: resolved(each) for key, each in value.items()}


@pytest.fixture
def documents(templates_with: Callable[[dict[str, Any]], Templates]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = resolved(policies(templates_with({"name": LONG_NAME, "power_user": True})))
    return made


def test_should_fit_into_managed_policies(documents: dict[str, dict[str, Any]]) -> None:
    sizes = {name: len(json.dumps(document, separators=(",", ":"))) for name, document in documents.items()}
    assert len(sizes) == 5
    assert max(sizes.values()) < LONGEST, sizes


def test_should_limit_participants_and_the_execution_role_alike(documents: dict[str, dict[str, Any]]) -> None:
    def denied(name: str) -> dict[str, Any]:
        statements = documents[f"{LONG_NAME}-{name}"]["Statement"]
        return {each["Sid"]: each for each in statements if each["Effect"] == "Deny"}

    of_users, of_jobs = denied("participant-limits"), denied("execution-boundary")
    assert of_users.keys() - of_jobs.keys() == {"UnneededServices"}
    assert of_jobs.keys() - of_users.keys() == {"WhatJobsOnlyRead"}
    assert all(of_users[sid] == of_jobs[sid] for sid in of_users.keys() & of_jobs.keys())
    assert len(of_users) == 15
    assert denied("participant") == {}


def test_should_set_boundaries(templates: Templates) -> None:
    templates["participants"].all_resources_properties(
        "AWS::IAM::User", {"PermissionsBoundary": {"Ref": "ParticipantsBoundary48C5FAE9"}}
    )
    [role] = templates["foundation"].find_resources("AWS::IAM::Role").values()
    assert "Boundary" in role["Properties"]["PermissionsBoundary"]["Ref"]


def test_should_forbid_other_instances_than_the_settings_name(
    templates_with: Callable[[dict[str, Any]], Templates],
) -> None:
    training, endpoint = {"instance_type": "ml.g5.xlarge"}, {"kind": "serverless", "instance_type": "ml.c5.large"}
    made = policies(templates_with({"training": training, "endpoint": endpoint}))["chitra-participant-limits"]
    [statement] = [each for each in made["Statement"] if each.get("Sid") == "OtherInstances"]
    assert statement["Condition"] == {
        "ForAnyValue:StringNotEquals": {
            "sagemaker:InstanceTypes": ["ml.c5.large", "ml.g5.xlarge", "ml.m5.xlarge"],
        }
    }


def test_should_name_operations_that_exist_and_none_that_the_hands_on_needs() -> None:
    operations = get_session().get_service_model("sagemaker").operation_names
    only_in_iam = ("*AppApi", "*Servicecatalog*", "*SharedModel*", "*HumanLoop", "PutResourcePolicy", "CreateJob")
    for pattern in UNNEEDED_IN_SAGEMAKER:
        matching = [each for each in operations if matches(each, pattern)]
        assert matching or pattern in only_in_iam, pattern
        needed = [each for each in matching if each.removeprefix("Create") in NEEDED.split()]
        assert needed == [], pattern


def matches(operation: str, pattern: str) -> bool:
    """As IAM compares actions: whatever the case."""
    head, *middle, tail = pattern.lower().split("*") if "*" in pattern else (pattern.lower(), "")
    name = operation.lower()
    return name.startswith(head) and name.endswith(tail) and all(part in name for part in middle)
