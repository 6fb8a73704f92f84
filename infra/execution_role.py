"""The role that jobs and endpoints run with."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.limits import Limits, execution_role_arn
from infra.names import BUDGET_PREFIX, CORPORA_PREFIX, CORPUS_PREFIX, EXPORTS_PREFIX, Names

SAGEMAKER_FULL_ACCESS = "AmazonSageMakerFullAccess"
PULL_IMAGES = ("GetAuthorizationToken", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
WRITE_LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogGroups", "DescribeLogStreams")


class ExecutionRole(Construct):
    """AmazonSageMakerFullAccess plus the one bucket of the workshop, within a permissions boundary.

    Whoever starts a job chooses what the job runs, so a participant has the role's permissions in hand: the boundary
    holds the same limits as the participants' own policies, and keeps jobs from writing what they only read.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, names: Names, bucket: s3.IBucket, limits: Limits
    ) -> None:
        super().__init__(scope, construct_id)
        boundary = iam.ManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=names.execution_boundary,
            description="All that the workshop's jobs and endpoints can do at most",
            statements=[*self._allowed(names, bucket), *limits.statements()],
        )
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.execution_role,
            description="Runs the workshop's SageMaker jobs and endpoints",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(SAGEMAKER_FULL_ACCESS)],
            permissions_boundary=boundary,
        )
        bucket.grant_read_write(self.role)

    def _allowed(self, names: Names, bucket: s3.IBucket) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)
        log_groups = stack.format_arn(
            service="logs", resource="log-group:/aws/sagemaker/*", arn_format=ArnFormat.NO_RESOURCE_NAME
        )
        return [
            iam.PolicyStatement(
                actions=["s3:*", "sagemaker:*", "cloudwatch:PutMetricData", *(f"ecr:{each}" for each in PULL_IMAGES)],
                resources=["*"],
            ),
            iam.PolicyStatement(actions=[f"logs:{each}" for each in WRITE_LOGS], resources=[log_groups]),
            iam.PolicyStatement(actions=["iam:GetRole", "iam:PassRole"], resources=[execution_role_arn(stack, names)]),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                sid="WhatJobsOnlyRead",
                actions=["s3:Put*", "s3:Delete*", "s3:Abort*"],
                resources=[
                    bucket.arn_for_objects(f"{prefix}*")
                    for prefix in (CORPUS_PREFIX, CORPORA_PREFIX, EXPORTS_PREFIX, BUDGET_PREFIX)
                ],
            ),
        ]
