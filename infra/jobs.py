"""The SageMaker requests of one execution: the contract between the workflow, the image and the tests.

Each function gives the arguments of one API call. Values in ``{% %}`` are JSONata, evaluated by Step Functions
when the execution runs; ``$run`` is the name shared by everything that one execution makes. Containers get no network,
serverless ones excepted: SageMaker brings and takes what is in S3, and the image holds all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chitra.contract import DATASET_VARIABLE, SPLITS
from chitra.hyperparameters import parse_hyperparameters
from chitra.training_lines import METRICS
from infra.instances import needs_gpu
from infra.names import CORPUS_PREFIX, DATASETS_PREFIX, MODELS_PREFIX, SMOKE_PREFIX, Names
from infra.settings import (
    MAX_HOURS_TO_LIVE,
    TAG_KEY,
    EndpointSettings,
    JobSettings,
    PreprocessingSettings,
    Settings,
    TrainingSettings,
)
from infra.stage_images import StageImages

Request = dict[str, Any]

PROCESSING_DIR = "/opt/ml/processing"
# Endpoints on ml.g4dn and ml.g5 start with driver 470 unless this AMI is asked for, which has 580 (AWS's API reference,
# ProductionVariant); CUDA 12 needs 525.
GPU_INFERENCE_AMI = "al2023-ami-sagemaker-inference-gpu-4-1"

# New accounts are reported to have ten concurrent invocations in a region, over all endpoints.
SERVERLESS_CONCURRENCY = 1

RUN = "{% $run %}"
VARIANT = "AllTraffic"
SERVERLESS, ASYNCHRONOUS = "serverless", "asynchronous"
CONCURRENT_INVOCATIONS = 4  # of an instance of an asynchronous endpoint, which have 15 minutes each
DATASET_JOB = "{% $dataset_job & '-' & $string($attempt) %}"
MILLISECONDS_PER_HOUR = 3_600_000
SMOKE_MINUTES = 15  # after which SageMaker stops a smoke job; ten steps should take some three on a CPU


@dataclass(frozen=True, slots=True)
class JobResources:
    """What the requests refer to; plain texts, JSONata or CloudFormation references.

    ``preprocessing_role_arn`` is empty where one role runs all jobs.
    """

    bucket: str
    images: StageImages
    execution_role_arn: str
    preprocessing_role_arn: str = ""


def run_variables(names: Names, hours_to_live: int) -> Request:
    """Variables that the first state assigns from the execution's name and input."""
    asked = f"$states.input.hours ? $states.input.hours : {hours_to_live}"
    corpus = f"{{% $states.input.corpus ? $states.input.corpus : '{CORPUS_PREFIX}' %}}"
    return {
        "run": "{% '" + names.run_prefix + "' & $states.context.Execution.Name %}",
        "artefact": "{% $states.input.artefact ? $states.input.artefact : '' %}",
        "hours": f"{{% $max([1, $min([{asked}, {MAX_HOURS_TO_LIVE}])]) %}}",
        "corpus": corpus,
        "after": corpus,
        "overrides": "{% $states.input.hyperparameters ? $states.input.hyperparameters : {} %}",
        "endpoint": "{% $states.input.endpoint = true %}",
        "articles": "{% $states.input.articles ? $states.input.articles : '' %}",
    }


def processing_job(settings: Settings, resources: JobResources) -> Request:
    """CreateProcessingJob: corpus in, raw dataset and three encoded splits out.

    It is named after the dataset and the number of the attempt to make it.
    """
    job = settings.preprocessing
    outputs = [
        {
            "OutputName": name,
            "S3Output": {
                "S3Uri": s3_place(resources, f"'{DATASETS_PREFIX}' & $dataset & '/{name}'"),
                "LocalPath": f"{PROCESSING_DIR}/output/{name}",
                "S3UploadMode": "EndOfJob",
            },
        }
        for name in ("raw", *SPLITS)
    ]
    return {
        "ProcessingJobName": DATASET_JOB,
        "RoleArn": resources.preprocessing_role_arn or resources.execution_role_arn,
        "AppSpecification": {
            "ImageUri": resources.images.preprocessing,
            "ContainerEntrypoint": ["python", "-m", "preprocessing"],
            "ContainerArguments": preprocessing_arguments(job),
        },
        "Environment": {DATASET_VARIABLE: "{% $dataset %}"},
        "ProcessingInputs": [
            {
                "InputName": "corpus",
                "S3Input": {
                    "S3Uri": s3_place(resources, "$corpus"),
                    "LocalPath": f"{PROCESSING_DIR}/input/corpus",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "ShardedByS3Key" if job.instance_count > 1 else "FullyReplicated",
                },
            }
        ],
        "ProcessingOutputConfig": {"Outputs": outputs},
        "ProcessingResources": {"ClusterConfig": _cluster(job)},
        "StoppingCondition": _stopping_condition(job),
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "Tags": tags(settings),
    }


def training_job(settings: Settings, resources: JobResources) -> Request:
    """CreateTrainingJob: the splits as channels in, model.tar.gz and output.tar.gz out."""
    job = settings.training
    return {
        "TrainingJobName": RUN,
        "RoleArn": resources.execution_role_arn,
        "AlgorithmSpecification": _algorithm(resources),
        "HyperParameters": hyperparameters(job.hyperparameters),
        "InputDataConfig": [
            {
                "ChannelName": name,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": s3_place(resources, f"'{DATASETS_PREFIX}' & $dataset & '/{name}'"),
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for name in SPLITS
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{resources.bucket}/models"},
        "CheckpointConfig": {"S3Uri": s3_place(resources, "'checkpoints/' & $run")},
        "ResourceConfig": _cluster(job) | _kept_warm(job),
        "EnableNetworkIsolation": True,
        **_capacity_of_training(job),
        "Tags": tags(settings),
    }


def _algorithm(resources: JobResources) -> Request:
    return {
        "TrainingImage": resources.images.training,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": name, "Regex": regex} for name, regex in METRICS.items()],
    }


def smoke_job(settings: Settings, resources: JobResources, name: str) -> Request:
    """CreateTrainingJob of `workshop smoke`: the training's instance and hyperparameters, no channels, no model.

    One instance: it tells what all of its type can do.
    """
    job = settings.training.model_copy(update={"max_runtime_minutes": SMOKE_MINUTES, "instance_count": 1})
    longest = min(parse_hyperparameters(job.hyperparameters).max_length, settings.preprocessing.max_length)
    return {
        "TrainingJobName": name,
        "RoleArn": resources.execution_role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": resources.images.training,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "-m", "training_image.smoke"],
        },
        "HyperParameters": {key: str(value) for key, value in (job.hyperparameters | {"max_length": longest}).items()},
        "OutputDataConfig": {"S3OutputPath": f"s3://{resources.bucket}/{SMOKE_PREFIX}"},
        "ResourceConfig": _cluster(job),
        "EnableNetworkIsolation": True,
        **_capacity_of_training(job),
        "Tags": tags(settings),
    }


def model(settings: Settings, resources: JobResources) -> Request:
    """CreateModel from the artefact of this execution's training job, or of the one that its input names."""
    # Serverless endpoints take no isolated model (developer guide, "Serverless Inference", feature exclusions).
    return model_of(settings, resources, resources.images.endpoint, is_isolated=settings.endpoint.kind != SERVERLESS)


def model_of(settings: Settings, resources: JobResources, image: str, *, is_isolated: bool) -> Request:
    """CreateModel for a container of this image."""
    return {
        "ModelName": RUN,
        "ExecutionRoleArn": resources.execution_role_arn,
        "PrimaryContainer": {"Image": image, "ModelDataUrl": "{% $artefact %}"},
        "EnableNetworkIsolation": is_isolated,
        "Tags": tags(settings),
    }


def endpoint_config(settings: Settings, resources: JobResources) -> Request:
    """CreateEndpointConfig with one variant, on instances or serverless."""
    return {
        "EndpointConfigName": RUN,
        "ProductionVariants": [{"VariantName": VARIANT, "ModelName": RUN, **_capacity(settings.endpoint)}],
        **({"AsyncInferenceConfig": _answers(resources)} if settings.endpoint.kind == ASYNCHRONOUS else {}),
        "Tags": tags(settings),
    }


def _answers(resources: JobResources) -> Request:
    """Where an asynchronous endpoint puts its answers, and why there is none."""
    kept = {"S3OutputPath": "answers", "S3FailurePath": "failures"}
    places = {key: s3_place(resources, f"'{MODELS_PREFIX}' & $run & '/{folder}'") for key, folder in kept.items()}
    return {
        "OutputConfig": places,
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": CONCURRENT_INVOCATIONS},
    }


def endpoint(settings: Settings) -> Request:
    """CreateEndpoint."""
    return {"EndpointName": RUN, "EndpointConfigName": RUN, "Tags": tags(settings)}


def expiry_schedule(settings: Settings, role_arn: str) -> Request:
    """CreateSchedule: delete the endpoint once after its hours to live, then the schedule itself."""
    time = f"$fromMillis($millis() + $hours * {MILLISECONDS_PER_HOUR}, '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]')"
    return {
        "Name": RUN,
        "Description": f"Deletes the endpoint of the same name; made by workshop {settings.name}.",
        "ScheduleExpression": f"{{% 'at(' & {time} & ')' %}}",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
            "RoleArn": role_arn,
            "Input": "{% $string({'EndpointName': $run}) %}",
            "RetryPolicy": {"MaximumRetryAttempts": 20, "MaximumEventAgeInSeconds": 86_400},
        },
    }


def preprocessing_arguments(job: PreprocessingSettings) -> list[str]:
    """What the image's program is told: all that decides a dataset beside the corpus and the image."""
    arguments = ["--max-length", str(job.max_length), "--seed", str(job.seed)]
    return [*arguments, "--sharded"] if job.instance_count > 1 else arguments


def _cluster(job: JobSettings) -> Request:
    return {
        "InstanceType": job.instance_type,
        "InstanceCount": job.instance_count,
        "VolumeSizeInGB": job.volume_gb,
    }


def _kept_warm(job: TrainingSettings) -> Request:
    return {"KeepAlivePeriodInSeconds": job.keep_warm_minutes * 60} if job.keep_warm_minutes else {}


def _stopping_condition(job: JobSettings) -> Request:
    return {"MaxRuntimeInSeconds": job.max_runtime_minutes * 60}


def _capacity_of_training(job: TrainingSettings) -> Request:
    stop = _stopping_condition(job)
    if not job.spot:
        return {"StoppingCondition": stop}
    wait = {"MaxWaitTimeInSeconds": 2 * stop["MaxRuntimeInSeconds"]}
    return {"EnableManagedSpotTraining": True, "StoppingCondition": stop | wait}


def _capacity(settings: EndpointSettings) -> Request:
    if settings.kind == SERVERLESS:
        return {"ServerlessConfig": {"MemorySizeInMB": settings.memory_mb, "MaxConcurrency": SERVERLESS_CONCURRENCY}}
    ami = {"InferenceAmiVersion": GPU_INFERENCE_AMI} if needs_gpu(settings.instance_type) else {}
    return {"InstanceType": settings.instance_type, "InitialInstanceCount": settings.min_instances, **ami}


def hyperparameters(defaults: dict[str, str | int | float]) -> str:
    """SageMaker takes texts only: the defaults, then what the execution's input overrides."""
    pairs = ", ".join(f"'{key}': '{value}'" for key, value in sorted(defaults.items()))
    return f"{{% $merge([{{{pairs}}}, $merge($each($overrides, function($v, $k) {{{{$k: $string($v)}}}}))]) %}}"


def s3_place(resources: JobResources, path: str) -> str:
    return f"{{% 's3://{resources.bucket}/' & {path} %}}"


def tags(settings: Settings) -> list[dict[str, str]]:
    return [{"Key": TAG_KEY, "Value": settings.name}]
