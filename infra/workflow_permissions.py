"""What the workflow's role may do: what its states call. A CustomState brings no permissions of its own."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.names import BUDGET_PREFIX, DATASET_OF_RUN, MODELS_PREFIX, Names, dataset_mark
from infra.repositories import repositories
from infra.settings import TAG_KEY, Settings


class WorkflowPermissions:
    """For the state machine of one stack."""

    def __init__(self, stack: Stack, *, settings: Settings, names: Names) -> None:
        self._stack = stack
        self._settings, self._names = settings, names

    def statements(self, *, bucket: s3.IBucket, passed: Mapping[str, str]) -> list[iam.PolicyStatement]:
        """``passed`` are ARNs of roles, each with the service that it is for."""
        return [
            *self._dataset(bucket),
            *self._counts(),
            *(self._budget(bucket) if self._settings.budget else []),
            *self._sagemaker(),
            *(self._scaling() if self._settings.endpoint.scales else []),
            *(_pass_role(role, taker) for role, taker in passed.items()),
            *self._events(),
        ]

    def _counts(self) -> list[iam.PolicyStatement]:
        """Of what a participant has. SageMaker's lists know no resource: IAM takes them for all names or none."""
        return [
            iam.PolicyStatement(actions=["states:ListExecutions"], resources=[self._machine()]),
            iam.PolicyStatement(actions=["sagemaker:ListEndpoints"], resources=["*"]),
        ]

    def _budget(self, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
        """What the budget's states count besides."""
        notes = bucket.arn_for_objects(f"{BUDGET_PREFIX}{self._names.run_prefix}*")
        return [
            iam.PolicyStatement(actions=["states:DescribeStateMachine"], resources=[self._machine()]),
            iam.PolicyStatement(
                actions=[f"sagemaker:List{kind}Jobs" for kind in ("Training", "Processing", "Transform")],
                resources=["*"],
            ),
            iam.PolicyStatement(actions=["s3:PutObject", "s3:DeleteObject"], resources=[notes]),
        ]

    def _machine(self) -> str:
        return self._arn("states", f"stateMachine:{self._names.state_machine}")

    def _dataset(self, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
        """Finding and marking a dataset."""
        marks = bucket.arn_for_objects(dataset_mark("*"))
        notes = bucket.arn_for_objects(f"{MODELS_PREFIX}{self._names.run_prefix}*/{DATASET_OF_RUN}*")
        return [
            iam.PolicyStatement(
                actions=["ecr:DescribeImages"], resources=repositories(self._stack, self._settings, self._names)[:1]
            ),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[marks, notes]),
        ]

    def _sagemaker(self) -> list[iam.PolicyStatement]:
        jobs = ("processing-job", "training-job", "transform-job", "hyper-parameter-tuning-job")
        kinds = (*jobs, "model", "endpoint-config", "endpoint")
        return [
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}ProcessingJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("processing-job")],
            ),
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("training-job")],
            ),
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}HyperParameterTuningJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("hyper-parameter-tuning-job")],
            ),
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}TransformJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("transform-job")],
            ),
            iam.PolicyStatement(
                actions=["sagemaker:CreateModel", "sagemaker:DeleteModel"], resources=[self.sagemaker_arn("model")]
            ),
            iam.PolicyStatement(
                actions=["sagemaker:CreateEndpointConfig"], resources=[self.sagemaker_arn("endpoint-config")]
            ),
            iam.PolicyStatement(
                actions=["sagemaker:CreateEndpoint", "sagemaker:DescribeEndpoint"],
                resources=[self.sagemaker_arn("endpoint"), self.sagemaker_arn("endpoint-config")],
            ),
            iam.PolicyStatement(
                actions=["sagemaker:AddTags", "sagemaker:ListTags"],
                resources=[self.sagemaker_arn(kind) for kind in kinds],
            ),
        ]

    def _scaling(self) -> list[iam.PolicyStatement]:
        """Application Auto Scaling looks at the endpoint and makes alarms with the caller's permissions, and its own
        role the first time (its user guide, "Identity-based policy examples")."""
        role = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        service = "sagemaker.application-autoscaling.amazonaws.com"
        tagged = {"StringEquals": {f"aws:RequestTag/{TAG_KEY}": self._names.workshop}}
        return [
            iam.PolicyStatement(
                actions=["application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource"],
                resources=[self._targets()],
                conditions=tagged,
            ),
            iam.PolicyStatement(
                actions=["application-autoscaling:PutScalingPolicy"],
                resources=[self._targets()],
                conditions=self._own_targets(),
            ),
            iam.PolicyStatement(
                actions=["sagemaker:DescribeEndpointConfig"], resources=[self.sagemaker_arn("endpoint-config")]
            ),
            iam.PolicyStatement(
                actions=["sagemaker:UpdateEndpointWeightsAndCapacities"], resources=[self.sagemaker_arn("endpoint")]
            ),
            iam.PolicyStatement(
                actions=["cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"],
                resources=[self._arn("cloudwatch", f"alarm:TargetTracking-endpoint/{self._names.run_prefix}*")],
            ),
            iam.PolicyStatement(
                actions=["iam:CreateServiceLinkedRole"],
                resources=[
                    self._stack.format_arn(
                        service="iam",
                        region="",
                        resource="role",
                        resource_name=f"aws-service-role/{service}/{role}",
                    )
                ],
                conditions={"StringEquals": {"iam:AWSServiceName": service}},
            ),
        ]

    def end_of_scaling(self) -> iam.PolicyStatement:
        """DeleteEndpoint deregisters what may scale, when its caller may (developer guide, "Delete endpoints configured
        for auto scaling"), and with it the policy; else it fails."""
        return iam.PolicyStatement(
            actions=["application-autoscaling:DeregisterScalableTarget"],
            resources=[self._targets()],
            conditions=self._own_targets(),
        )

    def _targets(self) -> str:
        """AWS names targets by numbers; whose they are, the tag says."""
        return self._arn("application-autoscaling", "scalable-target/*")

    def _own_targets(self) -> dict[str, dict[str, str]]:
        return {"StringEquals": {f"aws:ResourceTag/{TAG_KEY}": self._names.workshop}}

    def _events(self) -> list[iam.PolicyStatement]:
        """Schedules, and how Step Functions hears that a job ended (`.sync`)."""
        return [
            iam.PolicyStatement(
                actions=["scheduler:CreateSchedule"],
                resources=[self._arn("scheduler", f"schedule/default/{self._names.run_prefix}*")],
            ),
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[
                    self._arn("events", f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule")
                    for kind in ("Processing", "Training", "Transform", "Tuning")
                ],
            ),
        ]

    def sagemaker_arn(self, kind: str) -> str:
        """Of everything of a kind that executions make."""
        return self._arn("sagemaker", f"{kind}/{self._names.run_prefix}*")

    def _arn(self, service: str, resource: str) -> str:
        return self._stack.format_arn(service=service, resource=resource, arn_format=ArnFormat.NO_RESOURCE_NAME)


def _pass_role(role: str, taker: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["iam:PassRole"],
        resources=[role],
        conditions={"StringEquals": {"iam:PassedToService": taker}},
    )
