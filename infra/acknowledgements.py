"""Findings of security checkers that are no faults here: each by its construct and its id, with the reason.

A finding that is not listed fails `make synth` and `cdk deploy`; a line that matches no finding any more fails a test.
Rules without a namespace of their own are cdk-nag's (AwsSolutions-...), checkov's (CKV_...) and cfn-lint's (W3005).
"""

from __future__ import annotations

from dataclasses import dataclass

BUCKET = "{workshop}-foundation:ExportsOutputFnGetAttStorageBucket5CB7C8EAArnB295C186"
ARN = "arn:<AWS::Partition>:{service}:{region}:<AWS::AccountId>:"
FULL_ACCESS = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonSageMakerFullAccess]"
POWER_USER = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/PowerUserAccess]"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """``path`` is a construct's below the app, without the workshop's name; it holds for what is below it, too.

    In ``rules``, ``{workshop}`` and ``{region}`` stand for the settings'.
    """

    path: str
    rules: tuple[str, ...]
    reason: str


def _actions(*names: str) -> tuple[str, ...]:
    return tuple(f"AwsSolutions-IAM5[Action::{name}]" for name in names)


def _resources(*names: str) -> tuple[str, ...]:
    return tuple(f"AwsSolutions-IAM5[Resource::{name}]" for name in names)


def _arns(service: str, *names: str) -> tuple[str, ...]:
    return _resources(*(ARN.replace("{service}", service) + name for name in names))


GRANTED_BY_CDK = _actions("s3:Abort*", "s3:DeleteObject*", "s3:GetBucket*", "s3:GetObject*", "s3:List*")

ACKNOWLEDGEMENTS = (
    # The bucket
    Acknowledgement(
        "foundation/Storage/Bucket",
        ("AwsSolutions-S1", "CKV_AWS_18"),
        "The bucket lives as long as the workshop and holds a corpus and models made from it. Who started which job, "
        "with which input, is in the executions' log and in CloudTrail. A second bucket for access logs would outlive"
        " the workshop, or take its evidence along when it is torn down.",
    ),
    # The execution role and its boundary
    Acknowledgement(
        "foundation/Execution/Role",
        (FULL_ACCESS,),
        "The hands-on teaches AWS's own managed policy. What it opens too far is denied by the role's boundary: other"
        " buckets, other roles, other instance types, what other workshops made.",
    ),
    Acknowledgement(
        "foundation/Execution/Role/DefaultPolicy",
        (*GRANTED_BY_CDK, *_resources("<StorageBucket5CB7C8EA.Arn>/*")),
        "Jobs read and write objects of the workshop's one bucket, whose keys only exist when runs do. The actions "
        "are those of the CDK's grant_read_write; the boundary denies versions, the bucket's settings, and writing "
        "where jobs only read.",
    ),
    Acknowledgement(
        "foundation/Execution/Boundary",
        (
            *_actions("s3:*", "sagemaker:*"),
            *_resources("*"),
            *_arns("logs", "log-group:/aws/sagemaker/*"),
            "CKV_AWS_109",
            "CKV_AWS_111",
        ),
        "A permissions boundary grants nothing: it says what the role can have at most, and its Deny statements then "
        "take from that every other bucket, role, tag and instance type. SageMaker chooses the names of log groups.",
    ),
    # The workflow
    Acknowledgement(
        "workflow/Workflow/StateMachine/Resource",
        ("AwsSolutions-SF2",),
        "Every state's input, output and error is in the log group (level ALL, with execution data). X-Ray would hold"
        " a second, sampled record, and needs write access to all of the account's traces.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        _resources("*"),
        "Delivery of logs (logs:CreateLogDelivery and its kin) knows no resources: AWS's documentation for logging of"
        " Step Functions asks for *. The statement is the CDK's, and holds these actions alone.",
    ),
    Acknowledgement(
        "workflow/Workflow/StateMachine/Role/DefaultPolicy",
        (
            *_arns(
                "sagemaker",
                *(
                    f"{kind}/{{workshop}}--*"
                    for kind in ("processing-job", "training-job", "model", "endpoint-config", "endpoint")
                ),
            ),
            *_arns("scheduler", "schedule/default/{workshop}--*"),
            *_resources(f"{BUCKET}/datasets/*/complete.json", f"{BUCKET}/models/{{workshop}}--*/dataset/*"),
        ),
        "What an execution makes is named after it, so names are unknown before. All begin with the workshop's name "
        "and a double hyphen, which no other workshop's name can; of objects, two kinds of small marks may be "
        "written.",
    ),
    Acknowledgement(
        "workflow/Workflow/ExpiryRole/DefaultPolicy",
        _arns("sagemaker", "endpoint/{workshop}--*"),
        "The one action is to delete an endpoint. Endpoints are named after executions; all begin with the workshop's"
        " name and a double hyphen, which no other workshop's name can.",
    ),
    Acknowledgement(
        "workflow/Workflow/Log",
        ("CKV_AWS_158",),
        "CloudWatch Logs encrypts at rest with a key of AWS's own. The log holds inputs and states of executions, no "
        "texts of the corpus and no secrets. A customer's key would cost money by the month and outlive the teardown "
        "by its waiting period of at least seven days, in which nothing of the log can be read.",
    ),
    # Images that CodeBuild builds
    Acknowledgement(
        "workflow/Image/Build/Project",
        ("AwsSolutions-CB4",),
        "The project writes no artefact: its output is an image, which ECR encrypts, and its input an asset of the "
        "CDK's bootstrap bucket.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Project/Role/DefaultPolicy",
        (
            *_actions("s3:GetBucket*", "s3:GetObject*", "s3:List*"),
            *_arns("codebuild", "report-group/<ImageBuildProjectC50787E3>-*"),
            *_arns("logs", "log-group:/aws/codebuild/<ImageBuildProjectC50787E3>:*"),
        ),
        "The statements are the CDK's: it reads the asset, and writes the log and the reports of this one project, "
        "whose streams and reports CodeBuild names.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Log",
        ("CKV_AWS_158",),
        "CloudWatch Logs encrypts at rest with a key of AWS's own, and the log of a build holds no secrets. A "
        "customer's key would outlive the teardown.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Repository",
        ("CKV_AWS_136",),
        "ECR encrypts at rest with a key of AWS's own. The images hold this repository's code and published packages "
        "and models; a customer's key would outlive the teardown.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Repository",
        ("CKV_AWS_51",),
        "A tag is the hash of all that the image is built from, and a build that is repeated must replace what an "
        "interrupted one pushed. Only the build's role may push: participants are denied it.",
    ),
    Acknowledgement(
        "workflow/Image/Build/Project/Role/DefaultPolicy",
        _resources("*"),
        "ecr:GetAuthorizationToken, the login to the registry, knows no resources.",
    ),
    # Participants
    Acknowledgement(
        "participants/Participants",
        (FULL_ACCESS,),
        "The hands-on teaches AWS's own managed policy. What it opens too far is denied beside it: other buckets, "
        "other roles, other instance types, untagged creation, what other workshops made, services that no run needs.",
    ),
    Acknowledgement(
        "participants/Participants",
        (POWER_USER,),
        "Only where the organiser sets power_user, as the hands-on of 2022 did. A policy beside it denies each way to"
        " administration that it would open (assuming roles, acting with those of functions, builds and stacks).",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        _resources("*"),
        "iam:GetAccountPasswordPolicy and pricing:GetProducts know no resources. Both read what is no secret.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        (*GRANTED_BY_CDK, *_resources(f"{BUCKET}/*")),
        "Participants read and write objects of the workshop's one bucket, whose keys only exist when runs do. The "
        "boundary leaves each of them their own folders to write; Deny statements keep versions and settings.",
    ),
    Acknowledgement(
        "participants/Participants/Policy",
        (
            *_arns("logs", "log-group:/aws/sagemaker/*"),
            *_arns("scheduler", "schedule/default/{workshop}--*"),
            *_arns("states", "execution:{workshop}-workflow:*"),
            *_arns("ssm", "parameter/{workshop}/*"),
        ),
        "Log groups are named by SageMaker, executions and their schedules by whoever starts a run; parameters are "
        "read by path. All but the log groups, which are read only, are below the workshop's own name.",
    ),
    Acknowledgement(
        "participants/Participants/Boundary",
        (
            *_actions("*", "s3:Abort*", "s3:Delete*", "s3:Get*", "s3:List*", "s3:Put*"),
            *_resources(
                *(f"{BUCKET}/{folder}/*" for folder in ("checkpoints", "corpora", "corpus", "datasets", "exports")),
                f"{BUCKET}/models/*",
                f"{BUCKET}/corpora/<aws:username>/*",
                f"{BUCKET}/exports/<aws:username>/*",
            ),
            "CKV_AWS_107",
        ),
        "A permissions boundary grants nothing. This one leaves everything to the users' policies but objects in "
        "shared folders, which may be read by all and written by the one whose folder it is.",
    ),
)
