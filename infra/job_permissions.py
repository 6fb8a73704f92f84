"""What jobs and endpoints may do with access ``scoped``: read and write the folders they are for, and be seen at work.

No call of SageMaker, IAM or STS is among it: whoever starts a job has the permissions of the job's role in hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.names import Names
from infra.repositories import read_images
from infra.settings import Settings

# Of containers, and what SageMaker itself puts there as the job's role ("CreateTrainingJob API: Execution Role
# Permissions" in the developer guide).
METRICS = ("/aws/sagemaker/*", "aws/sagemaker/*", "AWS/SageMaker*")


class JobPermissions:
    """For roles in ``stack``."""

    def __init__(self, stack: Stack, *, settings: Settings, names: Names, bucket: s3.IBucket) -> None:
        self._stack, self._settings, self._names, self._bucket = stack, settings, names, bucket

    def statements(self, *, read: Sequence[str], write: Sequence[str], jobs: str) -> list[iam.PolicyStatement]:
        """``read`` and ``write`` are prefixes of keys, ``jobs`` is a pattern of the names of jobs and endpoints."""
        return [
            iam.PolicyStatement(
                sid="SeeTheBucket",
                actions=["s3:ListBucket"],
                resources=[self._bucket.bucket_arn],
            ),
            iam.PolicyStatement(sid="ReadObjects", actions=["s3:GetObject"], resources=self._objects(read)),
            iam.PolicyStatement(
                sid="WriteObjects",
                actions=["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                resources=self._objects(write),
            ),
            *read_images(self._stack, self._settings, self._names),
            *self._logs(jobs),
            iam.PolicyStatement(
                sid="PutMetrics",  # they have no resources, only namespaces
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringLike": {"cloudwatch:namespace": list(METRICS)}},
            ),
        ]

    def _objects(self, prefixes: Sequence[str]) -> list[str]:
        return [self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    def _logs(self, jobs: str) -> list[iam.PolicyStatement]:
        """Streams of jobs are called after their job, groups of endpoints after their endpoint."""
        of_jobs, of_endpoints = ("ProcessingJobs", "TrainingJobs", "TransformJobs"), f"Endpoints/{jobs}"
        groups = [*(f"{group}*" for group in of_jobs), of_endpoints]  # AWS adds :log-stream: to some
        streams = [*(f"{group}:log-stream:{jobs}" for group in of_jobs), f"{of_endpoints}:log-stream:*"]
        return [
            iam.PolicyStatement(
                sid="OpenLogs",
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"],
                resources=[self._log_group(each) for each in groups],
            ),
            iam.PolicyStatement(
                sid="WriteLogs", actions=["logs:PutLogEvents"], resources=[self._log_group(each) for each in streams]
            ),
        ]

    def _log_group(self, name: str) -> str:
        return self._stack.format_arn(
            service="logs", resource=f"log-group:/aws/sagemaker/{name}", arn_format=ArnFormat.NO_RESOURCE_NAME
        )
