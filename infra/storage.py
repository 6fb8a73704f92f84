"""The bucket: corpus, datasets, checkpoints and models."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.names import CHECKPOINTS_PREFIX


class Storage(Construct):
    """A private, encrypted, versioned bucket that accepts TLS only.

    ``workshop teardown`` empties it before the stack is deleted, so no custom resource has to.
    """

    def __init__(self, scope: Construct, construct_id: str, *, bucket_name: str, retention_days: int) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            removal_policy=RemovalPolicy.DESTROY,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="drop-what-is-no-longer-current",
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    noncurrent_version_expiration=Duration.days(retention_days),
                    expired_object_delete_marker=True,
                ),
                s3.LifecycleRule(
                    id="drop-checkpoints",
                    prefix=CHECKPOINTS_PREFIX,
                    expiration=Duration.days(retention_days),
                ),
            ],
        )
