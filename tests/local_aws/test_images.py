"""Images that SageMaker would refuse are refused by the local AWS, and told before a run starts."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from infra.settings import FOLDER_VARIABLE
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import SETTINGS, write_cdk_json
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
ROLE = "arn:aws:iam::123456789012:role/chitra-sagemaker-execution"


@dataclass(frozen=True)
class Deployed:
    aws: LocalAws
    session: boto3.Session
    deployment: Deployment
    folder: Path

    def push(self, media_type: str, architecture: str = "amd64", *, image: str = "") -> None:
        """Put an image of this kind in the place of a deployed one (preprocessing's by default), as an engine does."""
        _, _, name = (image or self.deployment.image).partition("/")
        repository, _, tag = name.partition(":")
        registry = f"http://localhost:{self.aws.port}/v2/{repository}"
        configuration = json.dumps({"os": "linux", "architecture": architecture}).encode()
        digest = f"sha256:{hashlib.sha256(configuration).hexdigest()}"
        place = httpx.post(f"{registry}/blobs/uploads/").headers["location"]
        place = place if place.startswith("http") else f"http://localhost:{self.aws.port}{place}"
        httpx.put(place, params={"digest": digest}, content=configuration).raise_for_status()
        config = {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": digest, "size": 1}
        manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": []}
        if media_type == INDEX:
            manifest = {"schemaVersion": 2, "mediaType": media_type, "manifests": [config]}
        answer = httpx.put(
            f"{registry}/manifests/{tag}", content=json.dumps(manifest), headers={"content-type": media_type}
        )
        answer.raise_for_status()

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workshop.cli", "run", "--name", "of-an-image"],
            env=self.aws.environment()
            | {"COLUMNS": "200", "PATH": os.environ["PATH"], FOLDER_VARIABLE: str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def executions(self) -> list[dict[str, Any]]:
        states = self.session.client("stepfunctions")
        listed: list[dict[str, Any]] = states.list_executions(stateMachineArn=self.deployment.workflow)["executions"]
        return listed


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("images")
    write_cdk_json(folder)
    with LocalAws(folder / "aws", runtime=Runtime(stand_in), region=SETTINGS.region) as aws:
        session = deploy(aws, SETTINGS)
        yield Deployed(aws, session, find_deployment(Account(session), SETTINGS), folder)


def create_model(sagemaker: Any, image: str) -> None:
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image})


def create_training_job(sagemaker: Any, image: str) -> None:
    sagemaker.create_training_job(
        TrainingJobName="t",
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://b/o"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def create_processing_job(sagemaker: Any, image: str) -> None:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    sagemaker.create_processing_job(
        ProcessingJobName="p",
        RoleArn=ROLE,
        AppSpecification={"ImageUri": image},
        ProcessingResources={"ClusterConfig": cluster},
    )


@pytest.mark.parametrize("media_type", [OCI, INDEX])
@pytest.mark.parametrize("create", [create_model, create_training_job, create_processing_job])
def test_should_refuse_what_is_no_single_docker_manifest(deployed: Deployed, media_type: str, create: Any) -> None:
    deployed.push(media_type)
    with pytest.raises(ClientError, match="Unsupported manifest media type") as refusal:
        create(deployed.session.client("sagemaker"), deployed.deployment.image)
    error = refusal.value.response["Error"]
    assert error["Code"] == "ValidationException"
    image = deployed.deployment.image
    assert error["Message"] == (
        f"Unsupported manifest media type {media_type} for image {image}. "
        "Ensure that valid manifest media type is used for specified image."
    )


@pytest.mark.parametrize(
    ("media_type", "architecture", "says"),
    [
        (OCI, "amd64", f"its manifest is {OCI}, which SageMaker refuses. Build and push it anew"),
        (INDEX, "amd64", f"its manifest is {INDEX}, which SageMaker refuses. Build and push it anew"),
        (DOCKER, "arm64", "is for linux/arm64, SageMaker's instances are linux/amd64. Build and push it anew"),
    ],
)
def test_should_start_no_run_of_an_image_that_is_refused(
    deployed: Deployed, media_type: str, architecture: str, says: str
) -> None:
    deployed.push(media_type, architecture)
    done = deployed.run()
    assert done.returncode == 1
    assert says in done.stderr
    assert deployed.executions() == []


def test_should_start_no_run_when_training_would_be_refused(deployed: Deployed) -> None:
    deployed.push(DOCKER)
    deployed.push(OCI, image=deployed.deployment.training_image)
    done = deployed.run()
    assert done.returncode == 1
    assert f"{deployed.deployment.training_image}: its manifest is {OCI}" in done.stderr
    assert deployed.executions() == []


def test_should_keep_an_image_until_its_last_tag_is_deleted(deployed: Deployed) -> None:
    ecr = deployed.session.client("ecr")
    ecr.create_repository(repositoryName="tags")
    for tag in ("a", "b"):
        ecr.put_image(repositoryName="tags", imageManifest="{}", imageTag=tag)

    def tags() -> list[str]:
        return [each["imageTag"] for each in ecr.list_images(repositoryName="tags")["imageIds"]]

    assert tags() == ["a", "b"]
    deleted = ecr.batch_delete_image(repositoryName="tags", imageIds=[{"imageTag": "a"}, {"imageTag": "c"}])
    assert [each["imageTag"] for each in deleted["imageIds"]] == ["a"]
    assert [each["imageId"]["imageTag"] for each in deleted["failures"]] == ["c"]
    assert tags() == ["b"]
    ecr.batch_delete_image(repositoryName="tags", imageIds=[{"imageTag": "b"}])
    assert tags() == []


def test_should_start_a_run_of_docker_images(deployed: Deployed) -> None:
    for image in deployed.deployment.images:
        deployed.push(DOCKER, image=image)
    done = deployed.run()
    assert "run chitra--of-an-image" in done.stdout
    assert len(deployed.executions()) == 1
