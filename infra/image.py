"""The container image of every job and endpoint, from one of three places."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from infra.image_build import ImageBuild
from infra.instances import needs_gpu
from infra.names import Names
from infra.settings import MODELS_FOLDER, Settings

REPOSITORY_ROOT = Path(__file__).parent.parent
DOCKERFILE = "training_image/building/Dockerfile"
# Only what the Dockerfile copies: editing anything else does not rebuild the image, and no model enters an asset.
BUILD_CONTEXT = (
    "training_image/*.py",
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
    """The image's ``uri``: built by `cdk deploy`, built by `workshop build-image` in CodeBuild, or one that exists."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, names: Names) -> None:
        super().__init__(scope, construct_id)
        match settings.image_source:
            case "local":
                self.uri = self._asset(settings).image_uri
            case "codebuild":
                self.uri = ImageBuild(
                    self,
                    "Build",
                    names=names,
                    folder=REPOSITORY_ROOT,
                    exclude=OUTSIDE,
                    arguments=build_arguments(settings),
                    target=target(settings),
                    retention_days=settings.retention_days,
                ).uri
            case "uri":
                self.uri = settings.image_uri

    def _asset(self, settings: Settings) -> ecr_assets.DockerImageAsset:
        models = REPOSITORY_ROOT / MODELS_FOLDER
        return ecr_assets.DockerImageAsset(
            self,
            "Asset",
            directory=str(REPOSITORY_ROOT),
            file=DOCKERFILE,
            target=target(settings),
            platform=ecr_assets.Platform.LINUX_AMD64,
            ignore_mode=IgnoreMode.DOCKER,
            exclude=list(OUTSIDE),
            build_args=build_arguments(settings),
            outputs=["type=docker"],  # SageMaker refuses OCI manifests and indexes, which newer engines make by default
            build_contexts={MODELS_FOLDER: str(models)} if settings.model.is_local else None,
            invalidation=ecr_assets.DockerImageAssetInvalidationOptions(build_contexts=False),
        )


def target(settings: Settings) -> str:
    """The Dockerfile's target: one image serves every job and endpoint."""
    instance_types = [settings.training.instance_type]
    if settings.endpoint.kind == "real-time":
        instance_types.append(settings.endpoint.instance_type)
    return "cuda" if any(map(needs_gpu, instance_types)) else "cpu"


def build_arguments(settings: Settings) -> dict[str, str]:
    """The Dockerfile's arguments."""
    return {"MODEL_ADDRESS": settings.model.address, "MODEL_SHA256": settings.model.sha256}
