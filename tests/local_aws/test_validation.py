"""Requests that AWS would refuse are refused."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from local_aws.validation import problems_of_request

VALID: dict[str, Any] = {
    "ModelName": "chitra--run-1",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/x",
    "PrimaryContainer": {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"},
    "Tags": [{"Key": "workshop", "Value": "chitra"}],
}


def test_should_accept_a_valid_request() -> None:
    assert problems_of_request("sagemaker", "CreateModel", VALID) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"ModelName": "under_score"}, "does not match"),
        ({"ModelName": "m" * 64}, "CreateModel.ModelName: is longer than 63"),
        ({"Tags": [{"Key": "k", "Value": "v"}] * 51}, "CreateModel.Tags: is longer than 50"),
        ({"ModelName": 3}, "Invalid type for parameter ModelName"),
        ({"Colour": "red"}, "CreateModel.Colour: is no member"),
        ({"PrimaryContainer": {"Image": "i", "Mode": "Fast"}}, "'Fast' is none of SingleModel, MultiModel"),
        ({"Tags": [{"Key": "workshop"}]}, 'Missing required parameter in Tags[0]: "Value"'),
        ({"ExecutionRoleArn": "role"}, "does not match"),
    ],
)
def test_should_name_what_is_wrong(change: dict[str, Any], problem: str) -> None:
    [*problems] = problems_of_request("sagemaker", "CreateModel", {**deepcopy(VALID), **change})
    assert problem in " ".join(problems)


def test_should_name_what_is_missing() -> None:
    [problem] = problems_of_request("sagemaker", "CreateModel", {})
    assert 'Missing required parameter in input: "ModelName"' in problem
