"""Trains and serves on this machine with the SageMaker Python SDK, in the image: no account, no cost.

    python samples/sagemaker_local.py chitra-workshop:cpu FOLDER

FOLDER holds the splits train, validation and test, for example datasets/ of `workshop export`. A Docker engine with
compose is needed, and port 8080 (or --port).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import boto3
from sagemaker.core.local.local_session import LocalSession
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData
from sagemaker.train.model_trainer import Mode

NAME = "chitra"
TEXT = "延長戦の末に代表チームが勝ち、監督は全員の守備をたたえました。"
NO_TELEMETRY = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
ROLE = "arn:aws:iam::123456789012:role/chitra-sagemaker-execution"  # a name that local mode asks for and never uses


def train(session: LocalSession, image: str, splits: Path, folder: Path) -> Path:
    """One epoch; returns the archive that SageMaker would put into the bucket."""
    trainer = ModelTrainer(
        training_image=image,
        training_mode=Mode.LOCAL_CONTAINER,
        compute=Compute(instance_type="local_cpu", instance_count=1),
        role=ROLE,
        base_job_name=NAME,
        hyperparameters={"epochs": 1, "train-batch-size": 4, "learning_rate": 0.002},
        sagemaker_session=session,
        local_container_root=str(folder),
    )
    channels = ("train", "validation", "test")
    trainer.train(input_data_config=[InputData(channel_name=name, data_source=str(splits / name)) for name in channels])
    return folder / "compressed_artifacts/model.tar.gz"


def predict(session: LocalSession, image: str, artefact: Path, text: str) -> dict[str, object]:
    """One answer of an endpoint that is gone afterwards."""
    sagemaker = session.sagemaker_client
    container = {"Image": image, "ModelDataUrl": artefact.as_uri(), "Environment": {}}
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container)
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InstanceType": "local", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    try:
        answer = session.sagemaker_runtime_client.invoke_endpoint(
            EndpointName=NAME, Body=json.dumps({"inputs": text}), ContentType="application/json", Accept="*/*"
        )
        content: dict[str, object] = json.loads(answer["Body"].read())
        return content
    finally:
        sagemaker.delete_endpoint(EndpointName=NAME)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("image")
    parser.add_argument("splits", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    if not given.splits.is_dir():
        parser.error(f"{given.splits} is no folder")
    with tempfile.TemporaryDirectory() as scratch:
        account = boto3.Session("none", "none", region_name="ap-northeast-1")  # nothing goes there
        session = LocalSession(account, sagemaker_config=NO_TELEMETRY)
        session.config = {"local": {"container_root": scratch, "serving_port": given.port}}
        artefact = train(session, given.image, given.splits.resolve(), Path(scratch))
        answer = predict(session, given.image, artefact, TEXT)
    print(f"{answer['label_name']}: {TEXT}")


if __name__ == "__main__":
    main()
