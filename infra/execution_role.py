"""The role that jobs and endpoints run with."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

SAGEMAKER_FULL_ACCESS = "AmazonSageMakerFullAccess"


class ExecutionRole(Construct):
    """AmazonSageMakerFullAccess plus the one bucket of the workshop."""

    def __init__(self, scope: Construct, construct_id: str, *, role_name: str, bucket: s3.IBucket) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description="Runs the workshop's SageMaker jobs and endpoints",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(SAGEMAKER_FULL_ACCESS)],
        )
        bucket.grant_read_write(self.role)
