"""A job of somebody else on this machine: its request, its data and what it leaves are data, nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from local_aws.transfer import upload_archive, upload_folder
from tests.local_aws.test_local_aws import REGION, REPOSITORY, await_status, make_role

BUCKET = "hostile-sagemaker-bucket"
STEAL = "import pathlib, os; pathlib.Path(os.environ['MARK']).write_text('ran')"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("local-aws"), runtime=Runtime(stand_in), region=REGION) as running:
        root = running.session()
        root.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        root.client("ecr").create_repository(repositoryName=REPOSITORY)
        root.client("ecr").describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])
        role = make_role(root.client("iam"), "execution", "sagemaker.amazonaws.com")
        full = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
        root.client("iam").attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=full)
        yield running


def run_job(aws: LocalAws, name: str, local: str = "/opt/ml/processing/input/corpus", **changes: Any) -> dict[str, Any]:
    """The ended job's description."""
    root = aws.session()
    sagemaker = root.client("sagemaker")
    s3_input = {"S3Uri": f"s3://{BUCKET}/{name}/", "LocalPath": local, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
    request = {
        "ProcessingJobName": name,
        "RoleArn": "arn:aws:iam::123456789012:role/execution",
        "AppSpecification": {
            "ImageUri": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:v1",
            "ContainerEntrypoint": ["python", "-m", "preprocessing"],
        },
        "ProcessingInputs": [{"InputName": "corpus", "S3Input": s3_input}],
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": 120},
    }
    sagemaker.create_processing_job(**request | changes)
    return await_status(lambda: sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")


def put(aws: LocalAws, key: str, body: str) -> None:
    aws.session().client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())


def test_should_run_no_program_but_the_images_own(aws: LocalAws, tmp_path: Path) -> None:
    put(aws, "program/corpus.jsonl", "{}")
    mark = tmp_path / "mark"
    image = {"ImageUri": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}:v1"}
    job = run_job(aws, "program", AppSpecification={**image, "ContainerEntrypoint": ["touch", str(mark)]})
    assert job["ProcessingJobStatus"] == "Failed"
    assert "none of the image's programs" in job["FailureReason"]
    assert not mark.exists()


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "LD_PRELOAD"])
def test_should_take_no_variable_that_chooses_code(aws: LocalAws, tmp_path: Path, variable: str) -> None:
    (tmp_path / "preprocessing").mkdir()
    (tmp_path / "preprocessing/__init__.py").write_text(STEAL)
    (tmp_path / "sitecustomize.py").write_text(STEAL)
    name = f"variable-{variable.replace('_', '')}"
    put(aws, f"{name}/mine.jsonl", "{}\n")
    job = run_job(aws, name, Environment={variable: str(tmp_path), "MARK": str(tmp_path / "mark")})
    assert not (tmp_path / "mark").exists()
    assert job["ExitMessage"].startswith("mine.jsonl:1")  # it ran as it does without the variable


def test_should_take_no_module_from_the_jobs_data(aws: LocalAws, tmp_path: Path) -> None:
    put(aws, "module/__init__.py", STEAL)
    job = run_job(aws, "module", "/opt/ml/preprocessing", Environment={"MARK": str(tmp_path / "mark")})
    assert job["ProcessingJobStatus"] == "Failed"
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("local", ["/opt/ml/processing/../../../../escaped", "/etc/escaped", "/opt/ml/.."])
def test_should_put_inputs_below_the_jobs_folder_only(aws: LocalAws, local: str) -> None:
    name = f"place-{abs(hash(local))}"
    put(aws, f"{name}/mine.jsonl", "{}\n")
    job = run_job(aws, name, local)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "leaves the folder" in job["FailureReason"] or "not in the subpath" in job["FailureReason"]


def test_should_take_no_key_out_of_the_jobs_folder(aws: LocalAws, tmp_path: Path) -> None:
    put(aws, "keys/../../../../../../../../../../escaped.jsonl", "{}\n")
    job = run_job(aws, "keys")
    assert job["ProcessingJobStatus"] == "Failed"
    assert "leaves the folder" in job["FailureReason"]


class Uploads:
    """An S3 that remembers what would be uploaded."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        assert Path(file).read_bytes() != b"secret"
        self.keys.append(key)


def test_should_follow_no_link_that_a_job_left(tmp_path: Path) -> None:
    secret, job, s3 = tmp_path / "secret", tmp_path / "job", Uploads()
    (secret / "deep").mkdir(parents=True)
    (secret / "deep/credentials").write_bytes(b"secret")
    job.mkdir()
    (job / "own").write_text("own")
    (job / "file").symlink_to(secret / "deep/credentials")
    (job / "folder").symlink_to(secret)
    upload_folder(s3, job, "s3://b/out")
    assert s3.keys == ["out/own"]
    (tmp_path / "model.tar.gz").symlink_to(secret / "deep/credentials")
    assert upload_archive(s3, job, "s3://b/model.tar.gz", tmp_path / "model.tar.gz")
    assert (secret / "deep/credentials").read_bytes() == b"secret"
