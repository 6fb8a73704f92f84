"""Builds the images in AWS CodeBuild, for organisers without Docker or with a slow uplink."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import Duration, IgnoreMode, RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.names import Names
from infra.retention import RETENTION

BUILD_MINUTES = 60
PYTHON_IMAGE = "public.ecr.aws/docker/library/python:3.11-slim-bookworm"  # Docker Hub limits how often AWS may ask
LOGIN = 'aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"'
BUILD = (
    # SageMaker refuses OCI manifests, and indexes, which attestations would make.
    "docker build --output type=docker --provenance=false --sbom=false "
    '--file training_image/building/Dockerfile --target {target} --tag "$REPOSITORY:{target}-$TAG" '
    '--build-arg MODEL_ADDRESS="$MODEL_ADDRESS" --build-arg MODEL_SHA256="$MODEL_SHA256" '
    f"--build-arg PYTHON_IMAGE={PYTHON_IMAGE} ."
)
PUSH = 'docker push "$REPOSITORY:{target}-$TAG"'


class ImageBuild(Construct):
    """A repository and a project that fills it when `workshop build-image` starts it: one image for each target.

    An image's tag tells its target, its sources and how it is built, so a deployment never runs an image of older ones.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        folder: Path,
        exclude: Sequence[str],
        arguments: Mapping[str, str],
        targets: Sequence[str],
        retention_days: int,
    ) -> None:
        super().__init__(scope, construct_id)
        repository = ecr.Repository(
            self,
            "Repository",
            repository_name=names.image_repository,
            image_scan_on_push=True,
            empty_on_delete=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        source = s3_assets.Asset(
            self,
            "Context",
            path=str(folder),
            exclude=list(exclude),
            ignore_mode=IgnoreMode.DOCKER,
        )
        tag = _tag(source.asset_hash, arguments)
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.build_log_group,
            retention=RETENTION[retention_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        variables = {"REPOSITORY": repository.repository_uri, "TAG": tag, **arguments}
        project = codebuild.Project(
            self,
            "Project",
            project_name=names.build_project,
            description="Builds the workshop's images",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            build_spec=codebuild.BuildSpec.from_object(_build_spec(targets)),
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0,
                compute_type=codebuild.ComputeType.MEDIUM,
                privileged=True,
            ),
            environment_variables={
                key: codebuild.BuildEnvironmentVariable(value=value) for key, value in variables.items()
            },
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)),
            timeout=Duration.minutes(BUILD_MINUTES),
        )
        repository.grant_pull_push(project)
        self.uris = {target: f"{repository.repository_uri}:{target}-{tag}" for target in targets}


def _build_spec(targets: Sequence[str]) -> dict[str, Any]:
    """One build for all targets, so that the later ones find the layers of the first."""
    commands = [command.format(target=target) for target in targets for command in (BUILD, PUSH)]
    return {"version": "0.2", "phases": {"pre_build": {"commands": [LOGIN]}, "build": {"commands": commands}}}


def _tag(context_hash: str, arguments: Mapping[str, str]) -> str:
    """The same for every set of targets: an image keeps its name when another is built beside it."""
    text = json.dumps([context_hash, dict(arguments), LOGIN, BUILD, PUSH], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
