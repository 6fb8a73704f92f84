"""What PowerUserAccess would open beyond the workshop: the way to administration, and the organiser's own commands.

A stack keeps the role that deployed it, and functions, builds, machines and schedules keep theirs: whoever may change
them acts with these roles. What the organiser's commands read (parameters, templates, images) decides what they do.
"""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from infra.names import Names

# Each runs code or templates with a role of its own, opens a shell where one is, or gives permissions.
ACT_WITH_ROLES = (
    *("cloudformation", "lambda", "codebuild", "codepipeline", "codedeploy", "codestar", "events", "pipes", "batch"),
    *("ecs", "eks", "elasticmapreduce", "emr-serverless", "emr-containers", "datapipeline", "dms", "airflow"),
    *("apprunner", "amplify", "elasticbeanstalk", "imagebuilder", "cloud9", "proton", "servicecatalog", "config"),
    *("bedrock-agentcore", "backup", "fis", "ssmmessages", "ec2messages", "ec2-instance-connect", "ssm-guiconnect"),
    *(
        "deadline",
        "datazone",
        "ssm-quicksetup",
        "kinesisanalytics",
        "glue",
        "bedrock",
        "appstream",
        "s3tables",
        "s3vectors",
    ),
    *("sso", "sso-directory", "identitystore", "rolesanywhere", "ram", "cognito-identity", "secretsmanager"),
)
WRITE_PARAMETERS_OR_STEER_MACHINES = (
    *("Put", "Delete", "Add", "Remove", "Label", "Unlabel", "Create", "Update", "Modify", "Register", "Deregister"),
    *("Start", "Stop", "Send", "Resume", "Terminate", "Associate", "Disassociate", "Cancel", "Reset"),
)
PUSH_OR_DELETE_IMAGES = (
    *("Put*", "Batch*Delete*", "Delete*", "Set*", "Update*", "Replicate*", "InitiateLayerUpload", "UploadLayerPart"),
    *("CompleteLayerUpload", "*TagResource", "StartLifecyclePolicyPreview"),
)
CHANGE_MACHINES = (
    *("ModifyInstanceAttribute", "CreateReplaceRootVolumeTask", "CreateLaunchTemplateVersion"),
    *("*IamInstanceProfile*", "GetPasswordData", "*InstanceConnect*"),
)

# Of the whole registry: they name no repository.
CHANGE_REGISTRY = ("*RegistryPolicy", "PutReplicationConfiguration", "*PullThroughCacheRule", "*CreationTemplate")

PLAIN = ArnFormat.NO_RESOURCE_NAME


def power_user_limits(stack: Stack, names: Names) -> list[iam.PolicyStatement]:
    """Deny statements beside ``Limits``; they hold for every workshop of the account."""
    own_machine = stack.format_arn(service="states", resource=f"stateMachine:{names.state_machine}", arn_format=PLAIN)
    own_executions = stack.format_arn(service="states", resource=f"execution:{names.state_machine}:*", arn_format=PLAIN)
    repositories = [
        stack.format_arn(service="ecr", region="*", resource="repository", resource_name=pattern)
        for pattern in ("cdk-*", "*-image")
    ]
    return [
        _deny(
            "ActWithRoles",
            [*(f"{service}:*" for service in ACT_WITH_ROLES), *(f"ec2:{each}" for each in CHANGE_MACHINES)],
        ),
        _deny(
            "SteerTheOrganiser",
            [f"ssm:{verb}*" for verb in WRITE_PARAMETERS_OR_STEER_MACHINES]
            + [f"scheduler:{verb}*" for verb in ("Create", "Update", "Delete")],
        ),
        _deny(
            "ChangeWorkflows",
            [f"states:{each}" for each in ("Create*", "Update*", "Delete*", "Publish*", "*TagResource", "TestState")],
        ),
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            sid="OtherWorkflows",
            actions=["states:*"],
            not_resources=[own_machine, own_executions],
        ),
        _deny("ChangeRegistry", [f"ecr:{each}" for each in CHANGE_REGISTRY]),
        _deny("ReplaceImages", [f"ecr:{each}" for each in PUSH_OR_DELETE_IMAGES], of=repositories),
    ]


def _deny(sid: str, actions: list[str], of: list[str] | None = None) -> iam.PolicyStatement:
    return iam.PolicyStatement(effect=iam.Effect.DENY, sid=sid, actions=actions, resources=of or ["*"])
