"""Records every request that IAM judges: who, which action, on what, with which condition keys, and the answer.

What a service of AWS's does with a role, and its local one by itself, is recorded as the role's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import codebuild, iam, tagging
from ministack.services.cloudformation import provisioners

from local_aws.record import VARIABLE, write
from local_aws.role_session import scope

# What SageMaker does with the role of a job or a model beside reading and writing its data (SageMaker developer guide,
# "How to use SageMaker AI execution roles"). The local SageMaker takes images from this machine and keeps no metrics.
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
# What Step Functions does with the role of a state machine, to hear of the end of a job that it waits for, and to write
# its log (Step Functions developer guide, "IAM policies for calling SageMaker AI", "Logging using CloudWatch Logs").
HEARS_OF_JOBS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
DELIVERS_LOGS = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
# What CodeBuild does with a project's role (CodeBuild user guide, "Create a CodeBuild service role"; ECR user guide,
# "Pushing an image"). The local CodeBuild builds nothing.
WRITES_BUILD_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
PUSHES = (
    *("ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
    "ecr:PutImage",
)
# What CloudFormation does with the permissions of whoever makes a stack without a role of its own, as that of the CDK's
# bootstrap: by a resource's type and its property, empty where every one needs it (handlers in the schemas of
# CloudFormation's registry). The local CloudFormation makes things by itself.
BOOTSTRAP_STACK = "CDKToolkit"
MAKES = {
    ("AWS::S3::Bucket", ""): ("s3:CreateBucket",),
    ("AWS::S3::Bucket", "BucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("AWS::S3::Bucket", "LifecycleConfiguration"): ("s3:PutLifecycleConfiguration",),
    ("AWS::S3::Bucket", "PublicAccessBlockConfiguration"): ("s3:PutBucketPublicAccessBlock",),
    ("AWS::S3::Bucket", "VersioningConfiguration"): ("s3:PutBucketVersioning",),
    ("AWS::S3::BucketPolicy", ""): ("s3:PutBucketPolicy",),
    ("AWS::ECR::Repository", ""): ("ecr:CreateRepository",),
    ("AWS::ECR::Repository", "LifecyclePolicy"): ("ecr:PutLifecyclePolicy",),
    ("AWS::ECR::Repository", "RepositoryPolicyText"): ("ecr:SetRepositoryPolicy",),
    ("AWS::IAM::Role", ""): ("iam:CreateRole", "iam:GetRole"),
    ("AWS::IAM::Role", "ManagedPolicyArns"): ("iam:AttachRolePolicy",),
    ("AWS::IAM::Role", "Policies"): ("iam:PutRolePolicy",),
    ("AWS::IAM::Policy", ""): ("iam:PutRolePolicy",),
    ("AWS::SSM::Parameter", ""): ("ssm:PutParameter",),
}
MADE = {  # their ARNs, by the properties that name them
    "AWS::S3::Bucket": "arn:aws:s3:::{BucketName}",
    "AWS::S3::BucketPolicy": "arn:aws:s3:::{Bucket}",
    "AWS::ECR::Repository": "arn:aws:ecr:{region}:{account}:repository/{RepositoryName}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{RoleName}",
    "AWS::IAM::Policy": "arn:aws:iam::{account}:role/{Roles[0]}",
    "AWS::SSM::Parameter": "arn:aws:ssm:{region}:{account}:parameter{Name}",
}


def install() -> None:
    """Record what is judged in this process, where the variable says so."""
    if VARIABLE not in os.environ:
        return
    known = iam_evaluator.enforce

    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:
        answer = known(access_key_id, iam_action, service, region, resource_arn, service_context)
        if not isinstance(answer, iam_evaluator.AuthError) and iam_action not in iam_evaluator._ALWAYS_ALLOWED_ACTIONS:
            who = iam_evaluator.resolve_principal(access_key_id or "", scope()[0])
            keys = {"aws:RequestedRegion": region, **_tags_of(resource_arn), **(service_context or {})}
            if isinstance(who, iam_evaluator.PrincipalInfo):  # else nobody signed it
                _note(who.arn, iam_action, resource_arn, keys, allowed=answer is None)
        return answer

    iam_evaluator.enforce = enforce
    _note_what_machines_log()
    _note_what_builds_do()
    for kind in MADE:
        _note_what_bootstrap_makes(kind)


def _note_what_bootstrap_makes(kind: str) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[kind]
    known = handlers["create"]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if stack == BOOTSTRAP_STACK:
            account, region = scope()
            resource = MADE[kind].format(**properties, account=account, region=region)
            actions = [each for of in ("", *properties) for each in MAKES.get((kind, of), ())]
            as_role(f"arn:aws:iam::{account}:root", actions, resource)
        return known(logical_id, properties, stack)

    handlers["create"] = create


def _note_what_machines_log() -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    known = handlers["create"]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if "LoggingConfiguration" in properties:
            as_role(properties["RoleArn"], DELIVERS_LOGS)
        return known(logical_id, properties, stack)

    handlers["create"] = create


def _note_what_builds_do() -> None:
    known = codebuild._start_build

    def start_build(request: dict[str, Any]) -> Any:
        project = codebuild._projects.get(request.get("projectName", ""))
        if project:
            role, (account, region) = project["serviceRole"], scope()
            as_role(role, ["s3:GetObject", "s3:GetObjectVersion"], f"arn:aws:s3:::{project['source']['location']}")
            log = f"log-group:/aws/codebuild/{project['name']}:log-stream:build"
            as_role(role, WRITES_BUILD_LOG, f"arn:aws:logs:{region}:{account}:{log}")
            variables = {each["name"]: each["value"] for each in project["environment"]["environmentVariables"]}
            repository = variables["REPOSITORY"].partition("/")[2]
            as_role(role, ["ecr:GetAuthorizationToken"])
            as_role(role, PUSHES, f"arn:aws:ecr:{region}:{account}:repository/{repository}")
        return known(request)

    codebuild._start_build = start_build


def as_role(
    role_arn: str, actions: Sequence[str], resource: str = "*", conditions: Mapping[str, str] | None = None
) -> None:
    """What a service of AWS's would do with a role, and its local one does by itself."""
    if VARIABLE in os.environ:
        for action in actions:
            _note(role_arn, action, resource, {"aws:RequestedRegion": scope()[1], **(conditions or {})}, allowed=True)


def runs_image(role_arn: str, image: str, kind: str) -> None:
    """A job or an endpoint begins with an image of ECR, and tells CloudWatch how it fares.

    ``kind`` is that of the metrics' namespace (SageMaker developer guide, "Amazon SageMaker AI metrics in CloudWatch").
    """
    account, region = scope()
    repository = image.partition("/")[2].rpartition("@")[0] or image.partition("/")[2].rpartition(":")[0]
    as_role(role_arn, ["ecr:GetAuthorizationToken"])
    as_role(role_arn, ["cloudwatch:PutMetricData"], conditions={"cloudwatch:namespace": f"/aws/sagemaker/{kind}"})
    as_role(role_arn, PULLS, f"arn:aws:ecr:{region}:{account}:repository/{repository}")


def _tags_of(resource: str) -> dict[str, str]:
    return {f"aws:ResourceTag/{name}": value for name, value in (tagging.resource_tags(resource) or {}).items()}


def _note(principal: str, action: str, resource: str, keys: Mapping[str, Any], *, allowed: bool) -> None:
    conditions = {key: value for key, value in keys.items() if value not in (None, "", [])}
    line = {"principal": principal, "action": action, "resource": resource, "conditions": conditions}
    write({**line, "allowed": allowed, "policies": _attached(principal)})


def _attached(principal: str) -> list[str]:
    """The names of a user's or a role's managed policies: they tell what it is."""
    kind, _, name = principal.split(":", 5)[5].partition("/")
    known = iam._users if kind == "user" else iam._roles
    identity = known.get(name.partition("/")[0], {})
    return [arn.rpartition("/")[2] for arn in identity.get("AttachedPolicies", [])]
