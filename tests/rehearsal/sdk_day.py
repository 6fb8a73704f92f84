"""What a participant's own code may do with SageMaker's SDK, as a program: it takes bucket, role, two images, a run,
what to call everything, and a folder of the bucket."""

from __future__ import annotations

import sys

import boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, StoppingCondition
from sagemaker.train import ModelTrainer

from workshop.data.results import dataset_keys

TAGS = [{"key": "workshop", "value": "chitra"}]


def main(bucket: str, role: str, training_image: str, endpoint_image: str, run: str, name: str, folder: str) -> None:
    """Train on a run's splits with a ModelTrainer; serve the run's model, ask it, and delete it all."""
    session = Session(boto_session=boto3.Session(), default_bucket=bucket)
    assert session.default_bucket() == bucket
    session.upload_string_as_file_body("note", bucket, f"{folder}/note.txt")
    [dataset] = dataset_keys(boto3.client("s3"), bucket, run)
    trainer = ModelTrainer(
        training_image=training_image,
        role=role,
        sagemaker_session=session,
        base_job_name=name,
        compute=Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_size_in_gb=10),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=300),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/models"),
        input_data_config=[
            InputData(channel_name=name, data_source=f"s3://{bucket}/datasets/{dataset}/{name}")
            for name in ("train", "validation", "test")
        ],
        hyperparameters={"epochs": "1"},
        tags=TAGS,
    )
    trainer.train(wait=False)
    [job] = [each for each in TrainingJob.get_all() if each.training_job_name.startswith(name)]
    job.wait()
    print("trained", job.training_job_name, job.training_job_status)
    container = ContainerDefinition(
        image=endpoint_image, model_data_url=f"s3://{bucket}/models/{run}/output/model.tar.gz"
    )
    Model.create(model_name=name, primary_container=container, execution_role_arn=role, tags=TAGS)
    variant = ProductionVariant(
        variant_name="v", model_name=name, instance_type="ml.m5.xlarge", initial_instance_count=1
    )
    EndpointConfig.create(endpoint_config_name=name, production_variants=[variant], tags=TAGS)
    endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name, tags=TAGS)
    endpoint.wait_for_status("InService", poll=1)
    answer = endpoint.invoke(body='{"inputs": "鍋で玉ねぎを炒めます。"}', content_type="application/json")
    print("answered", answer.body.read().decode())
    endpoint.delete()
    EndpointConfig.get(name).delete()
    Model.get(name).delete()


if __name__ == "__main__":
    main(*sys.argv[1:])
