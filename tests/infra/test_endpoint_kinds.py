"""Endpoints that answer later, and endpoints that scale: limits, requests, permissions, costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra import jobs, scaling
from infra.costs import stages
from infra.settings import SettingsError, parse_settings
from infra.stage_images import needed_targets
from local_aws.validation import problems_of_request
from tests.helpers.project import CONTEXT
from tests.infra.conftest import Templates
from tests.infra.test_jobs import DEPLOYMENT, evaluate, variables
from tests.infra.test_stacks import definition
from workshop.checks.quotas import needed_quotas

LATER = {"kind": "asynchronous", "min_instances": 1, "max_instances": 3}
SCALING = {"kind": "real-time", "instance_type": "ml.g4dn.xlarge", "min_instances": 2, "max_instances": 4}


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"min_instances": 3, "max_instances": 2}, "min_instances: 3 are more than max_instances, 2"),
        ({"kind": "serverless", "max_instances": 2}, "max_instances: a serverless endpoint has no instances"),
        ({"min_instances": 0}, "min_instances: Input should be greater than or equal to 1"),
        ({"max_instances": 21}, "max_instances: Input should be less than or equal to 20"),
        ({"kind": "serverless", "memory_mb": 512}, "memory_mb: Input should be 1024, 2048, 3072, 4096, 5120 or 6144"),
        ({"kind": "batch"}, "kind: Input should be 'real-time', 'serverless' or 'asynchronous'"),
    ],
)
def test_should_refuse_what_sagemaker_would_or_nobody_could_pay(endpoint: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_settings(CONTEXT | {"endpoint": endpoint})
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("cdk.json: workshop.endpoint")


def test_should_give_an_asynchronous_endpoint_a_place_for_its_answers() -> None:
    request = evaluate(
        jobs.endpoint_config(parse_settings(CONTEXT | {"endpoint": LATER}), DEPLOYMENT), variables({}), {}
    )
    assert problems_of_request("sagemaker", "CreateEndpointConfig", request) == []
    folder = f"s3://{DEPLOYMENT.bucket}/models/chitra--run-1"
    assert request["AsyncInferenceConfig"]["OutputConfig"] == {
        "S3OutputPath": f"{folder}/answers",
        "S3FailurePath": f"{folder}/failures",
    }


@pytest.mark.parametrize(("endpoint", "limits"), [(LATER, (1, 3)), (SCALING, (2, 4))])
def test_should_ask_for_scaling_in_valid_requests(endpoint: dict[str, Any], limits: tuple[int, int]) -> None:
    settings = parse_settings(CONTEXT | {"endpoint": endpoint})
    target, policy = (
        evaluate(template, variables({}), {})
        for template in (scaling.scalable_target(settings), scaling.scaling_policy(settings))
    )
    assert problems_of_request("application-autoscaling", "RegisterScalableTarget", target) == []
    assert problems_of_request("application-autoscaling", "PutScalingPolicy", policy) == []
    assert (target["MinCapacity"], target["MaxCapacity"], target["Tags"]) == (*limits, {"workshop": "chitra"})
    assert target["ResourceId"] == policy["ResourceId"] == "endpoint/chitra--run-1/variant/AllTraffic"
    [variant] = jobs.endpoint_config(settings, DEPLOYMENT)["ProductionVariants"]
    assert variant["InitialInstanceCount"] == limits[0]


def test_should_count_all_instances_at_worst_and_in_quotas() -> None:
    settings = parse_settings(CONTEXT | {"endpoint": SCALING})
    [hosting] = [stage for stage in stages(settings) if stage.use == "Hosting"]
    assert (hosting.count, hosting.instance_type) == (4, "ml.g4dn.xlarge")
    needs = {need.name: need.count for need in needed_quotas(settings)}
    assert needs["ml.g4dn.xlarge for endpoint usage"] == 4 * len(settings.participants)
    assert needs["ml.m5.xlarge for transform job usage"] == 1
    assert needed_targets(parse_settings(CONTEXT | {"endpoint": SCALING | {"kind": "asynchronous"}})) == ("cpu", "cuda")


def test_should_scale_only_what_is_in_service_and_end_it_with_the_endpoint(
    templates: Templates, templates_with: Callable[[dict[str, Any]], Templates]
) -> None:
    assert "Register scaling" not in definition(templates)
    made = templates_with({"endpoint": SCALING})
    states = definition(made)
    assert states["Endpoint in service?"]["Choices"][0]["Next"] == "Register scaling"
    assert states["Register scaling"]["Next"] == "Set scaling policy"
    assert states["Set scaling policy"]["Next"] == "Done"
    roles = made["workflow"].find_resources("AWS::IAM::Policy")
    [expiry] = [each["Properties"]["PolicyDocument"] for name, each in roles.items() if "ExpiryRole" in name]
    deleting, ending = expiry["Statement"]
    assert deleting["Action"] == "sagemaker:DeleteEndpoint"
    assert ending["Action"] == "application-autoscaling:DeregisterScalableTarget"
    assert ending["Condition"] == {"StringEquals": {"aws:ResourceTag/workshop": "chitra"}}
