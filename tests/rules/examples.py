"""Small templates that keep the rules, to be broken one at a time."""

from __future__ import annotations

import json
from typing import Any

from rules.findings import Templates

DIGEST = "sha256:" + "0" * 64
IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/images@{DIGEST}"
TAGS = [{"Key": "project", "Value": "mine"}]
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}


def resources(**given: tuple[str, dict[str, Any]]) -> Templates:
    """One template; each resource is its type and its properties."""
    return {"stack": {"Resources": {name: {"Type": kind, "Properties": own} for name, (kind, own) in given.items()}}}


def machine(states: dict[str, Any]) -> Templates:
    """A state machine that starts with the first state; its definition is joined of parts, as the CDK writes it."""
    text = json.dumps({"StartAt": next(iter(states)), "States": states})
    before, mark, after = text.partition("ROLE-ARN")
    parts = [before, ROLE, after] if mark else [text]
    properties = {"DefinitionString": {"Fn::Join": ["", parts]}, "Tags": TAGS}
    return resources(Machine=("AWS::StepFunctions::StateMachine", properties))


def task(resource: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True} | fields


def training(**changes: Any) -> dict[str, Any]:
    """CreateTrainingJob's arguments as far as the rules look at them."""
    request = {
        "TrainingJobName": "{% $run %}",
        "RoleArn": "ROLE-ARN",
        "AlgorithmSpecification": {"TrainingImage": IMAGE},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": TAGS,
    }
    return request | changes


SCHEDULE = task(
    "aws-sdk:scheduler:createSchedule",
    {"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint"}},
    Next="Create",
)
CREATE = task("aws-sdk:sagemaker:createEndpoint", {"EndpointName": "{% $run %}", "Tags": TAGS})
