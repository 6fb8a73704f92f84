"""The image of each stage: an instance pulls no CUDA that it has no GPU for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.instances import needs_gpu
from infra.settings import Settings

CPU, CUDA = "cpu", "cuda"  # the Dockerfile's targets
TARGETS = (CPU, CUDA)


@dataclass(frozen=True, slots=True)
class StageImages:
    """The uri of the image in which each stage runs; plain texts or CloudFormation references."""

    preprocessing: str
    training: str
    endpoint: str


def training_target(settings: Settings) -> str:
    """The Dockerfile's target for training jobs."""
    return CUDA if needs_gpu(settings.training.instance_type) else CPU


def endpoint_target(settings: Settings) -> str:
    """The Dockerfile's target for endpoints; serverless ones have no GPU."""
    has_instances = settings.endpoint.kind != "serverless"
    return CUDA if has_instances and needs_gpu(settings.endpoint.instance_type) else CPU


def needed_targets(settings: Settings) -> tuple[str, ...]:
    """What is to be built. ``cpu`` always is: preprocessing uses no GPU on any instance."""
    needed = {CPU, training_target(settings), endpoint_target(settings)}
    return tuple(target for target in TARGETS if target in needed)


def stage_images(settings: Settings, uris: Mapping[str, str]) -> StageImages:
    """Each stage's image, from the uri of each needed target's."""
    return StageImages(uris[CPU], uris[training_target(settings)], uris[endpoint_target(settings)])
