"""The container image of every job and endpoint, as an asset that `cdk deploy` builds."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from infra.settings import ModelSettings

REPOSITORY_ROOT = Path(__file__).parent.parent
# Only what the Dockerfile copies: editing anything else does not rebuild the image. The same list is .dockerignore.
BUILD_CONTEXT = (
    "training_image/*.py",
    "training_image/Dockerfile",
    "training_image/requirements.lock",
    "preprocessing/*.py",
    "models/*",
)


class WorkshopImage(Construct):
    """training_image/Dockerfile, built for the instances' architecture. The model is fetched inside of the build."""

    def __init__(self, scope: Construct, construct_id: str, *, model: ModelSettings) -> None:
        super().__init__(scope, construct_id)
        self.asset = ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(REPOSITORY_ROOT),
            file="training_image/Dockerfile",
            platform=ecr_assets.Platform.LINUX_AMD64,
            ignore_mode=IgnoreMode.DOCKER,
            exclude=["*", *(f"!{pattern}" for pattern in BUILD_CONTEXT)],
            build_args={"MODEL_ADDRESS": model.address, "MODEL_SHA256": model.sha256},
        )

    @property
    def uri(self) -> str:
        return self.asset.image_uri
