"""What participants and their jobs may not do, whatever other policies allow: explicit Deny statements.

AmazonSageMakerFullAccess opens every bucket whose name holds "sagemaker" and passes any role to SageMaker. These
statements keep workshops of one account apart. Actions, resource types and condition keys are those of the Service
Authorization Reference (SageMaker, S3, IAM, STS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.names import Names
from infra.settings import TAG_KEY

REQUEST_TAG = f"aws:RequestTag/{TAG_KEY}"
RESOURCE_TAG = f"aws:ResourceTag/{TAG_KEY}"
# They run for hours, serve pages that act with a role, or are shared by the whole account; no hands-on needs them.
UNNEEDED_IN_SAGEMAKER = (
    *("*Notebook*", "Create*Url*", "*Domain", "*UserProfile", "*Space", "*App", "*AppApi", "StartSession"),
    *("*AppImageConfig", "*StudioLifecycleConfig", "*Image", "*ImageVersion", "*CodeRepository", "*PartnerApp*"),
    *("*Cluster*", "*ComputeQuota", "*TrainingPlan", "*ReservedCapacity", "*Mlflow*", "*Hub*", "*Servicecatalog*"),
    *("*AutoMLJob*", "*LabelingJob", "*Workforce", "*Workteam", "*HumanLoop", "*HumanTaskUi", "*FlowDefinition"),
    *("*FeatureGroup", "*MonitoringSchedule", "*InferenceExperiment", "*Recommendation*", "*OptimizationJob"),
    *("*CompilationJob", "*Edge*", "*Device*", "*Project", "CreateAI*", "CreateJob", "*SharedModel*"),
    *("PutResourcePolicy", "*GroupPolicy", "CreateAlgorithm", "CreateModelPackage", "*InferenceComponent*"),
    *("*WeightsAndCapacities", "*Association", "*AssociateTrialComponent"),
)
# AmazonSageMakerFullAccess holds them, too. Scaling starts instances of any endpoint in the account; who deletes an own
# endpoint ends its scaling, too.
UNNEEDED_ELSEWHERE = (
    *("sagemaker-geospatial:*", "groundtruthlabeling:*", "robomaker:*", "codecommit:*", "servicecatalog:*Product"),
    *(f"application-autoscaling:{verb}*" for verb in ("Register", "Put", "Delete")),
    *("glue:*Job*", "glue:StartWorkflowRun", "athena:St*", "redshift-data:*", "redshift:*", "cognito-idp:*"),
    *("ec2:CreateVpcEndpoint", "ec2:CreateNetworkInterface*", "cloudwatch:DeleteAlarms"),
    *("logs:Create*", "logs:Put*", "logs:Delete*", "logs:UpdateLogDelivery", "lambda:Invoke*", "secretsmanager:*"),
    *(
        "codebuild:*",
        "cloudwatch:Put*Alarm",
        "ecr:Create*",
        "ecr:Put*",
        "ecr:*Delete*",
        "ecr:Set*",
        "ecr:UploadLayerPart",
    ),
    *("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload"),
)
CHANGES = ("Delete", "Stop", "Update", "Start", "Invoke", "Put", "BatchPut", "Retry", "Send")
SETTINGS_OF_BUCKETS = (
    *("PutBucket*", "DeleteBucket*", "CreateBucket*", "UpdateBucket*", "Put*Configuration", "Put*Acl"),
    *("PutObjectRetention", "PutObjectLegalHold", "BypassGovernanceRetention", "UpdateObjectEncryption"),
    *("Replicate*", "InitiateReplication", "ObjectOwnerOverride*", "*TagResource"),
)
SETTINGS_OF_VERSIONS = ("DeleteObjectVersion*", "PutObjectVersion*")


class Limits:
    """Of one workshop, for policies in ``stack``."""

    def __init__(self, stack: Stack, *, names: Names, instance_types: Sequence[str], bucket: s3.IBucket) -> None:
        self._stack = stack
        self._names = names
        self._instance_types = sorted(set(instance_types))
        self._bucket = bucket

    def statements(self) -> list[iam.PolicyStatement]:
        """For everybody but the organiser, the execution role included."""
        return [*self._storage(), *self._roles(), *self._tags(), *self._sagemaker()]

    def unneeded_services(self) -> iam.PolicyStatement:
        """What beside SageMaker costs money or acts with other roles."""
        return self._deny("UnneededServices", UNNEEDED_ELSEWHERE)

    def _storage(self) -> list[iam.PolicyStatement]:
        """Objects of the own bucket may be read, written and deleted; their versions and the bucket itself stay."""
        return [
            self._deny(
                "OtherBuckets",
                ["s3:*", "s3express:*", "s3-object-lambda:*"],
                beside=[self._bucket.bucket_arn, self._bucket.arn_for_objects("*")],
            ),
            self._deny("VersionsAndSettings", [f"s3:{each}" for each in (*SETTINGS_OF_VERSIONS, *SETTINGS_OF_BUCKETS)]),
        ]

    def _roles(self) -> list[iam.PolicyStatement]:
        """A federated session would outlive the access key that opened it."""
        return [
            self._deny("OtherRoles", ["iam:PassRole"], beside=[execution_role_arn(self._stack, self._names)]),
            self._deny("EveryRole", ["sts:Assume*", "sts:GetFederationToken", "sts:GetWebIdentityToken"]),
        ]

    def _tags(self) -> list[iam.PolicyStatement]:
        """Whatever is made carries the tag; the tag stays; nothing without it is changed.

        Tags that are given at creation come with ``sagemaker:TaggingAction``; the resource has none then.
        """
        own = {"StringNotEquals": {RESOURCE_TAG: self._names.workshop}}
        other_value = {"StringNotEquals": {REQUEST_TAG: self._names.workshop}}
        return [
            self._deny("WithoutTheTag", ["sagemaker:Create*"], when=other_value),
            # In names of condition keys IAM takes workshop and Workshop for the same; teardown does not.
            self._deny(
                "WithoutTheExactTag",
                ["sagemaker:Create*"],
                when={"ForAllValues:StringNotEquals": {"aws:TagKeys": TAG_KEY}},
            ),
            self._deny("ChangedTag", ["sagemaker:AddTags"], when=other_value | {"Null": {REQUEST_TAG: "false"}}),
            self._deny(
                "RemovedTag",
                ["sagemaker:DeleteTags"],
                when={"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": TAG_KEY}},
            ),
            self._deny("TagsOfOthers", ["sagemaker:AddTags"], when=own | {"Null": {"sagemaker:TaggingAction": "true"}}),
            self._deny(
                "ThingsOfOthers",
                [*(f"sagemaker:{verb}*" for verb in CHANGES), "application-autoscaling:Deregister*"],
                when=own,
            ),
            self._deny(
                "ConfigsOfOthers", ["sagemaker:CreateEndpoint"], of=[self._sagemaker_arn("endpoint-config/*")], when=own
            ),
        ]

    def _sagemaker(self) -> list[iam.PolicyStatement]:
        """A serverless endpoint names no instance type. Models of other workshops are told by their runs' names."""
        return [
            self._deny(
                "ModelsOfOthers",
                ["sagemaker:CreateEndpointConfig", "sagemaker:CreateTransformJob"],
                when={
                    "ForAnyValue:ArnLike": {"sagemaker:ModelArn": self._sagemaker_arn("model/*--*")},
                    "ForAnyValue:ArnNotLike": {
                        "sagemaker:ModelArn": self._sagemaker_arn(f"model/{self._names.run_prefix}*")
                    },
                },
            ),
            self._deny(
                "OtherInstances",
                ["sagemaker:*"],
                when={"ForAnyValue:StringNotEquals": {"sagemaker:InstanceTypes": self._instance_types}},
            ),
            self._deny("Unneeded", [f"sagemaker:{each}" for each in UNNEEDED_IN_SAGEMAKER]),
        ]

    def _sagemaker_arn(self, resource: str) -> str:
        return self._stack.format_arn(
            service="sagemaker", resource=resource, arn_format=ArnFormat.NO_RESOURCE_NAME, region="*"
        )

    def _deny(
        self,
        sid: str,
        actions: Sequence[str],
        *,
        of: Sequence[str] = ("*",),
        beside: Sequence[str] = (),
        when: Mapping[str, Mapping[str, object]] | None = None,
    ) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            effect=iam.Effect.DENY,
            sid=sid,
            actions=list(actions),
            resources=None if beside else list(of),
            not_resources=list(beside) or None,
            conditions=when,
        )


def execution_role_arn(stack: Stack, names: Names) -> str:
    """By its name, for policies that the role itself carries."""
    return stack.format_arn(service="iam", region="", resource="role", resource_name=names.execution_role)
