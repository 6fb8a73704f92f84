"""The workflow's requests, evaluated as Step Functions evaluates them, are valid SageMaker requests."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonata
import pytest

from infra import classification, jobs, tuning
from infra.costs import rates
from infra.names import Names
from infra.settings import EndpointSettings, LimitSettings, Settings
from infra.stage_images import StageImages
from local_aws.batches import check_request
from local_aws.validation import problems_of_request

REGISTRY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com"
DEPLOYMENT = jobs.JobResources(
    bucket="chitra-sagemaker-123456789012-ap-northeast-1",
    images=StageImages(*(f"{REGISTRY}/assets:{stage}" for stage in ("preprocessing", "training", "endpoint"))),
    execution_role_arn="arn:aws:iam::123456789012:role/chitra-sagemaker-execution",
)
ROLE = "arn:aws:iam::123456789012:role/chitra-endpoint-expiry"
KEY = "0" * 32
ARTEFACT = "s3://chitra-sagemaker-123456789012-ap-northeast-1/models/chitra--a/output/model.tar.gz"


def evaluate(template: Any, variables: dict[str, Any], states: dict[str, Any]) -> Any:
    if isinstance(template, dict):
        return {key: evaluate(value, variables, states) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, variables, states) for value in template]
    if not (isinstance(template, str) and template.startswith("{%")):
        return template
    expression = jsonata.Jsonata(template[2:-2].strip())
    expression.register_lambda("hash", _hash)
    for name, value in {**variables, "states": states}.items():
        expression.assign(name, value)
    return expression.evaluate(None)


def _hash(text: str, algorithm: str) -> str:
    """Step Functions adds this function to JSONata."""
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def variables(execution_input: dict[str, Any], name: str = "run-1") -> dict[str, Any]:
    states = {"input": execution_input, "context": {"Execution": {"Name": name}}}
    assigned = evaluate(jobs.run_variables(Names("chitra"), 2), {}, states)
    assigned |= evaluate(tuning.variables(LimitSettings()), {}, states)
    return {**assigned, "artefact": ARTEFACT, "dataset": KEY, "dataset_job": "chitra--dataset-0", "attempt": 2}


@pytest.mark.parametrize("execution_input", [{}, {"hyperparameters": {"epochs": 1, "seed": "7"}, "endpoint": True}])
def test_should_be_valid_requests(shipped: Settings, execution_input: dict[str, Any]) -> None:
    requests = {
        "CreateProcessingJob": jobs.processing_job(shipped, DEPLOYMENT),
        "CreateTrainingJob": jobs.training_job(shipped, DEPLOYMENT),
        "CreateModel": jobs.model(shipped, DEPLOYMENT),
        "CreateEndpointConfig": jobs.endpoint_config(shipped, DEPLOYMENT),
        "CreateEndpoint": jobs.endpoint(shipped),
        "CreateTransformJob": classification.transform_job(shipped, DEPLOYMENT),
    }
    for operation, template in requests.items():
        request = evaluate(template, variables(execution_input), {})
        assert problems_of_request("sagemaker", operation, request) == []
        assert {"Key": "workshop", "Value": "chitra"} in request["Tags"]


def test_should_run_each_stage_in_its_own_image(shipped: Settings) -> None:
    processing, training = jobs.processing_job(shipped, DEPLOYMENT), jobs.training_job(shipped, DEPLOYMENT)
    assert processing["AppSpecification"]["ImageUri"] == f"{REGISTRY}/assets:preprocessing"
    assert training["AlgorithmSpecification"]["TrainingImage"] == f"{REGISTRY}/assets:training"
    classifying = classification.classifying_model(shipped, DEPLOYMENT)["PrimaryContainer"]
    assert classifying["Image"] == f"{REGISTRY}/assets:preprocessing"  # which is for CPUs
    assert jobs.model(shipped, DEPLOYMENT)["PrimaryContainer"]["Image"] == f"{REGISTRY}/assets:endpoint"


def test_should_check_an_instance_as_the_workshop_would_use_it(shipped: Settings) -> None:
    request = jobs.smoke_job(shipped, DEPLOYMENT, "chitra--smoke-1")
    assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []
    assert {"Key": "workshop", "Value": "chitra"} in request["Tags"]
    assert request["ResourceConfig"] == jobs.training_job(shipped, DEPLOYMENT)["ResourceConfig"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 900}
    assert request["HyperParameters"]["train-batch-size"] == "16"
    assert request["HyperParameters"]["max_length"] == "512"
    assert "InputDataConfig" not in request
    shorter = shipped.preprocessing.model_copy(update={"max_length": 128})
    spot = shipped.training.model_copy(update={"spot": True})
    request = jobs.smoke_job(shipped.model_copy(update={"preprocessing": shorter, "training": spot}), DEPLOYMENT, "x")
    assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []
    assert request["HyperParameters"]["max_length"] == "128"
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 900, "MaxWaitTimeInSeconds": 1800}


def test_should_share_the_corpus_among_several_instances(shipped: Settings) -> None:
    several = shipped.preprocessing.model_copy(update={"instance_count": 3})
    template = jobs.processing_job(shipped.model_copy(update={"preprocessing": several}), DEPLOYMENT)
    request = evaluate(template, variables({}), {})
    assert problems_of_request("sagemaker", "CreateProcessingJob", request) == []
    assert request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 3
    assert request["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] == "ShardedByS3Key"
    assert "--sharded" in request["AppSpecification"]["ContainerArguments"]
    assert "--sharded" not in jobs.processing_job(shipped, DEPLOYMENT)["AppSpecification"]["ContainerArguments"]


def test_should_write_the_answers_of_a_batch_beside_its_articles(shipped: Settings) -> None:
    template = classification.transform_job(shipped, DEPLOYMENT)
    request = evaluate(template, variables({"articles": "users/chitra-sato/classified/chitra--sato-1"}), {})
    assert problems_of_request("sagemaker", "CreateTransformJob", request) == []
    check_request(request)
    folder = f"s3://{DEPLOYMENT.bucket}/users/chitra-sato/classified/chitra--sato-1"
    assert request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == f"{folder}/"
    assert request["TransformOutput"]["S3OutputPath"] == folder
    assert request["ModelName"] == request["TransformJobName"] == "chitra--run-1"


def test_should_give_all_articles_to_each_of_several_training_instances(shipped: Settings) -> None:
    several = shipped.model_copy(update={"training": shipped.training.model_copy(update={"instance_count": 4})})
    request = evaluate(jobs.training_job(several, DEPLOYMENT), variables({}), {})
    assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []
    assert request["ResourceConfig"]["InstanceCount"] == 4
    sources = [channel["DataSource"]["S3DataSource"] for channel in request["InputDataConfig"]]
    assert {source["S3DataDistributionType"] for source in sources} == {"FullyReplicated"}
    assert jobs.smoke_job(several, DEPLOYMENT, "x")["ResourceConfig"]["InstanceCount"] == 1
    dear = shipped.model_copy(update={"prices": dict.fromkeys(shipped.instance_types, 1.0)})
    four = dear.model_copy(update={"training": several.training})
    assert rates(four).training == 4 * rates(dear).training


def test_should_override_single_hyperparameters(shipped: Settings) -> None:
    template = jobs.training_job(shipped, DEPLOYMENT)["HyperParameters"]
    assert evaluate(template, variables({}), {}) == {k: str(v) for k, v in shipped.training.hyperparameters.items()}
    changed = evaluate(template, variables({"hyperparameters": {"epochs": 1, "max_length": 256}}), {})
    assert (changed["epochs"], changed["max_length"], changed["seed"]) == ("1", "256", "42")


def test_should_train_on_spare_capacity_when_asked(shipped: Settings) -> None:
    spot = shipped.training.model_copy(update={"spot": True})
    template = jobs.training_job(shipped.model_copy(update={"training": spot}), DEPLOYMENT)
    request = evaluate(template, variables({}), {})
    assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []
    assert request["EnableManagedSpotTraining"]
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 14400}
    assert "EnableManagedSpotTraining" not in jobs.training_job(shipped, DEPLOYMENT)


def test_should_keep_the_instance_for_the_next_run_when_asked(shipped: Settings) -> None:
    warm = shipped.training.model_copy(update={"keep_warm_minutes": 20})
    template = jobs.training_job(shipped.model_copy(update={"training": warm}), DEPLOYMENT)
    request = evaluate(template, variables({}), {})
    assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []
    assert request["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1200
    assert "KeepAlivePeriodInSeconds" not in jobs.training_job(shipped, DEPLOYMENT)["ResourceConfig"]


@pytest.mark.parametrize(("given", "hours"), [({}, 2), ({"hours": 5}, 5), ({"hours": 1000}, 72)])
def test_should_let_an_execution_choose_the_endpoints_hours(
    shipped: Settings, given: dict[str, Any], hours: int
) -> None:
    request = evaluate(jobs.expiry_schedule(shipped, ROLE), variables(given), {})
    end = datetime.strptime(request["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert abs(end - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)


def test_should_fit_the_longest_execution_name_that_the_console_makes(shipped: Settings) -> None:
    name = "a" * 36
    request = evaluate(jobs.training_job(shipped, DEPLOYMENT), variables({}, name), {})
    assert request["TrainingJobName"] == f"chitra--{name}"
    longest = Names("w" * 16).run_prefix + name
    assert len(longest) <= 63


def test_should_schedule_the_endpoints_end(shipped: Settings) -> None:
    request = evaluate(jobs.expiry_schedule(shipped, ROLE), variables({}), {})
    assert problems_of_request("scheduler", "CreateSchedule", request | {"ClientToken": "t"}) == []
    assert re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", request["ScheduleExpression"])
    assert request["ActionAfterCompletion"] == "DELETE"
    assert request["Target"]["Input"] == '{"EndpointName":"chitra--run-1"}'


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (EndpointSettings(instance_type="ml.m5.xlarge"), {"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}),
        (
            EndpointSettings(instance_type="ml.g4dn.xlarge"),
            {
                "InstanceType": "ml.g4dn.xlarge",
                "InitialInstanceCount": 1,
                "InferenceAmiVersion": jobs.GPU_INFERENCE_AMI,
            },
        ),
        (
            EndpointSettings(kind="serverless", memory_mb=3072),
            {"ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 1}},
        ),
    ],
)
def test_should_ask_for_the_capacity_that_is_set(
    shipped: Settings, endpoint: EndpointSettings, expected: dict[str, Any]
) -> None:
    template = jobs.endpoint_config(shipped.model_copy(update={"endpoint": endpoint}), DEPLOYMENT)
    request = evaluate(template, variables({}), {})
    assert problems_of_request("sagemaker", "CreateEndpointConfig", request) == []
    [variant] = request["ProductionVariants"]
    assert variant == {"VariantName": "AllTraffic", "ModelName": "chitra--run-1", **expected}


def test_should_give_no_container_a_network(shipped: Settings) -> None:
    """But serverless ones, whose models may not be isolated."""
    assert jobs.processing_job(shipped, DEPLOYMENT)["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert jobs.training_job(shipped, DEPLOYMENT)["EnableNetworkIsolation"] is True
    for kind, isolated in (("real-time", True), ("serverless", False)):
        settings = shipped.model_copy(update={"endpoint": shipped.endpoint.model_copy(update={"kind": kind})})
        assert jobs.model(settings, DEPLOYMENT)["EnableNetworkIsolation"] is isolated
