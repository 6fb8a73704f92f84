"""No name is longer than AWS takes: it would be refused in the middle of a deployment, or of a workshop."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.findings import Finding, Templates
from rules.machines import calls, given
from rules.texts import MARK, shown, text_of

RULE = "name-fits"
STACK_NAME = 128
# The longest name of each type, by the resource's schema or the service's API reference.
LIMITS = {
    "AWS::Budgets::Budget": ("Budget.BudgetName", 100),
    "AWS::CodeBuild::Project": ("Name", 255),
    "AWS::DynamoDB::Table": ("TableName", 255),
    "AWS::ECR::Repository": ("RepositoryName", 256),
    "AWS::Events::Rule": ("Name", 64),
    "AWS::IAM::Group": ("GroupName", 128),
    "AWS::IAM::InstanceProfile": ("InstanceProfileName", 128),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", 128),
    "AWS::IAM::Policy": ("PolicyName", 128),
    "AWS::IAM::Role": ("RoleName", 64),
    "AWS::IAM::User": ("UserName", 64),
    "AWS::Lambda::Function": ("FunctionName", 64),
    "AWS::Logs::LogGroup": ("LogGroupName", 512),
    "AWS::S3::Bucket": ("BucketName", 63),
    "AWS::SNS::Topic": ("TopicName", 256),
    "AWS::SQS::Queue": ("QueueName", 80),
    "AWS::SSM::Parameter": ("Name", 1011),
    "AWS::SageMaker::Endpoint": ("EndpointName", 63),
    "AWS::SageMaker::EndpointConfig": ("EndpointConfigName", 63),
    "AWS::SageMaker::Model": ("ModelName", 63),
    "AWS::Scheduler::Schedule": ("Name", 64),
    "AWS::Scheduler::ScheduleGroup": ("Name", 64),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", 80),
}
SAGEMAKER_NAME = 63
NAMED_BY = (
    *("TrainingJobName", "ProcessingJobName", "TransformJobName", "ModelName", "EndpointConfigName", "EndpointName"),
)
# The longest that they can be.
PSEUDO = {"AWS::AccountId": 12, "AWS::Region": 14, "AWS::Partition": 10}


def findings(templates: Templates) -> Iterator[Finding]:
    """Names that hold another resource's attribute cannot be measured, nor what a state machine computes."""
    for stack, template in templates.items():
        if len(stack) > STACK_NAME:
            yield _finding(stack, "", "StackName", stack, STACK_NAME)
        for logical_id, resource in template.get("Resources", {}).items():
            place, limit = LIMITS.get(str(resource.get("Type")), ("", 0))
            value = resource.get("Properties", {})
            for key in place.split("."):
                value = value.get(key, {}) if isinstance(value, dict) else {}
            name = text_of(value)
            if name is not None and (length := longest(name)) is not None and length > limit:
                yield _finding(stack, logical_id, f"Properties.{place}", name, limit)
    for call in calls(templates):
        for key in NAMED_BY if call.service == "sagemaker" else ():
            name = given(call.arguments, key)
            if isinstance(name, str) and not name.startswith(("{%", "$")) and len(name) > SAGEMAKER_NAME:
                yield _finding(call.stack, call.logical_id, f"{call.place}.Arguments.{key}", name, SAGEMAKER_NAME)


def longest(name: str) -> int | None:
    """In characters; None where a reference may stand for anything."""
    lengths = [PSEUDO.get(_referred(reference)) for reference in MARK.findall(name)]
    known = [length for length in lengths if length is not None]
    return len(MARK.sub("", name)) + sum(known) if len(known) == len(lengths) else None


def _referred(reference: str) -> str:
    found = re.fullmatch(r"\{'Ref': '([\w:]+)'\}", reference)
    return found[1] if found else ""


def _finding(stack: str, logical_id: str, place: str, name: str, limit: int) -> Finding:
    problem = f"the name {shown(name)} is longer than the {limit} characters that AWS takes"
    return Finding(RULE, stack, logical_id, place, problem, "shorten it")
