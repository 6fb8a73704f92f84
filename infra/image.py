"""The container images of jobs and endpoints, from one of three places."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from infra.image_build import ImageBuild
from infra.names import Names
from infra.settings import MODELS_FOLDER, Settings
from infra.stage_images import CPU, CUDA, needed_targets, stage_images

REPOSITORY_ROOT = Path(__file__).parent.parent
DOCKERFILE = "training_image/building/Dockerfile"
# Only what the Dockerfile copies: editing anything else does not rebuild the image, and no model enters an asset.
BUILD_CONTEXT = (
    "training_image/*.py",
    "training_image/candidates/*.py",
    "training_image/building/*.py",
    "training_image/building/*.lock",
    "dependencies/installer.lock",
    "dependencies/torch-cpu.lock",
    DOCKERFILE,
    "chitra/*.py",
    "preprocessing/*.py",
    f"{MODELS_FOLDER}/.gitkeep",
)
OUTSIDE = ("*", *(f"!{pattern}" for pattern in BUILD_CONTEXT))  # the same, as CDK's assets are told


class WorkshopImage(Construct):
    """The stages' ``images``: built by `cdk deploy`, by `workshop build-image` in CodeBuild, or there already."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, names: Names) -> None:
        super().__init__(scope, construct_id)
        match settings.image_source:
            case "local":
                uris = {target: self._asset(settings, target).image_uri for target in needed_targets(settings)}
            case "codebuild":
                uris = ImageBuild(
                    self,
                    "Build",
                    names=names,
                    folder=REPOSITORY_ROOT,
                    exclude=OUTSIDE,
                    arguments=build_arguments(settings),
                    targets=needed_targets(settings),
                    retention_days=settings.retention_days,
                ).uris
            case "uri":
                uris = {CPU: settings.image_uri, CUDA: settings.cuda_image_uri or settings.image_uri}
        self.images = stage_images(settings, uris)

    def _asset(self, settings: Settings, target: str) -> ecr_assets.DockerImageAsset:
        models = REPOSITORY_ROOT / MODELS_FOLDER
        return ecr_assets.DockerImageAsset(
            self,
            "Asset" if target == CPU else "CudaAsset",
            directory=str(REPOSITORY_ROOT),
            file=DOCKERFILE,
            target=target,
            platform=ecr_assets.Platform.LINUX_AMD64,
            ignore_mode=IgnoreMode.DOCKER,
            exclude=list(OUTSIDE),
            build_args=build_arguments(settings),
            outputs=["type=docker"],  # SageMaker refuses OCI manifests and indexes, which newer engines make by default
            build_contexts={MODELS_FOLDER: str(models)} if settings.model.is_local else None,
            invalidation=ecr_assets.DockerImageAssetInvalidationOptions(build_contexts=False),
        )


def build_arguments(settings: Settings) -> dict[str, str]:
    """The Dockerfile's arguments."""
    return {"MODEL_ADDRESS": settings.model.address, "MODEL_SHA256": settings.model.sha256}
