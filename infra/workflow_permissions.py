"""What the workflow's role may do: what its states call. A CustomState brings no permissions of its own."""

from __future__ import annotations

import re

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.names import BUDGET_PREFIX, DATASET_OF_RUN, MODELS_PREFIX, Names, bootstrap_repository, dataset_mark
from infra.settings import Settings

OF_URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^:@]+)")


class WorkflowPermissions:
    """For the state machine of one stack."""

    def __init__(self, stack: Stack, *, settings: Settings, names: Names) -> None:
        self._stack = stack
        self._settings, self._names = settings, names

    def statements(
        self, *, bucket: s3.IBucket, execution_role: iam.IRole, expiry_role: iam.IRole
    ) -> list[iam.PolicyStatement]:
        counted = self._counting(bucket) if self._settings.budget else []
        roles = _pass_roles(execution_role, expiry_role)
        return [*self._dataset(bucket), *self._sagemaker(), *roles, *self._events(), *counted]

    def _counting(self, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
        """What the budget's states count. SageMaker's lists know no resource: IAM takes them for all names or none."""
        machine = self._stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=self._names.state_machine,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        notes = bucket.arn_for_objects(f"{BUDGET_PREFIX}{self._names.run_prefix}*")
        lists = ("ListTrainingJobs", "ListProcessingJobs", "ListEndpoints")
        return [
            iam.PolicyStatement(actions=["states:DescribeStateMachine", "states:ListExecutions"], resources=[machine]),
            iam.PolicyStatement(actions=[f"sagemaker:{each}" for each in lists], resources=["*"]),
            iam.PolicyStatement(actions=["s3:PutObject", "s3:DeleteObject"], resources=[notes]),
        ]

    def _dataset(self, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
        """Finding and marking a dataset."""
        marks = bucket.arn_for_objects(dataset_mark("*"))
        notes = bucket.arn_for_objects(f"{MODELS_PREFIX}{self._names.run_prefix}*/{DATASET_OF_RUN}*")
        return [
            iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=[self._repository()]),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[marks, notes]),
        ]

    def _repository(self) -> str:
        account, region, name = self._stack.account, self._stack.region, self._names.image_repository
        if self._settings.image_source == "local":
            name = bootstrap_repository(account, region)
        elif match := OF_URI.match(self._settings.image_uri):
            account, region, name = match["account"], match["region"], match["name"]
        return self._stack.format_arn(
            service="ecr", account=account, region=region, resource="repository", resource_name=name
        )

    def _sagemaker(self) -> list[iam.PolicyStatement]:
        kinds = ("processing-job", "training-job", "model", "endpoint-config", "endpoint")
        return [
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}ProcessingJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("processing-job")],
            ),
            iam.PolicyStatement(
                actions=[f"sagemaker:{verb}TrainingJob" for verb in ("Create", "Describe", "Stop")],
                resources=[self.sagemaker_arn("training-job")],
            ),
            iam.PolicyStatement(actions=["sagemaker:CreateModel"], resources=[self.sagemaker_arn("model")]),
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
                    for kind in ("Processing", "Training")
                ],
            ),
        ]

    def sagemaker_arn(self, kind: str) -> str:
        """Of everything of a kind that executions make."""
        return self._arn("sagemaker", f"{kind}/{self._names.run_prefix}*")

    def _arn(self, service: str, resource: str) -> str:
        return self._stack.format_arn(service=service, resource=resource, arn_format=ArnFormat.NO_RESOURCE_NAME)


def _pass_roles(execution_role: iam.IRole, expiry_role: iam.IRole) -> list[iam.PolicyStatement]:
    takers = ((execution_role, "sagemaker.amazonaws.com"), (expiry_role, "scheduler.amazonaws.com"))
    return [
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": taker}},
        )
        for role, taker in takers
    ]
