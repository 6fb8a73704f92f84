"""The request of a tuning job, evaluated as Step Functions evaluates it."""

from __future__ import annotations

from typing import Any

import pytest

from chitra.training_lines import METRICS
from infra import tuning
from infra.settings import LimitSettings, Settings, parse_settings
from tests.helpers.project import CONTEXT
from tests.infra.test_jobs import DEPLOYMENT, evaluate, variables

RATE = {"Name": "learning_rate", "MinValue": "1e-5", "MaxValue": "1e-3", "ScalingType": "Logarithmic"}
BATCH = {"Name": "train-batch-size", "MinValue": "4", "MaxValue": "8"}
RANGES = {"ContinuousParameterRanges": [RATE], "IntegerParameterRanges": [BATCH]}


def asked(settings: Settings, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The request for an execution's input."""
    request: dict[str, Any] = evaluate(
        tuning.tuning_job(settings, DEPLOYMENT), variables({"tuning": {"ranges": RANGES, **given}, **more}), {}
    )
    return request


@pytest.mark.parametrize(
    ("given", "trials", "parallel"),
    [
        ({}, 10, 2),
        ({"jobs": 4, "parallel": 1}, 4, 1),
        ({"jobs": 1000, "parallel": 1000}, 10, 2),
        ({"jobs": 1, "parallel": 2}, 1, 1),
        ({"jobs": -5, "parallel": -5}, 1, 1),
    ],
)
def test_should_make_no_more_jobs_than_the_settings_allow(
    shipped: Settings, given: dict[str, Any], trials: int, parallel: int
) -> None:
    limits = asked(shipped, given)["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits == {"MaxNumberOfTrainingJobs": trials, "MaxParallelTrainingJobs": parallel}


def test_should_tune_nothing_unless_it_is_asked_to() -> None:
    states = {"input": {}, "context": {"Execution": {"Name": "x"}}}
    assert evaluate(tuning.variables(LimitSettings()), {}, states)["trials"] == 0


def test_should_fix_what_has_no_range(shipped: Settings) -> None:
    """SageMaker takes a hyperparameter in one place only, and reads from epochs what Hyperband may give to a job."""
    overrides = {"train-batch-size": 32, "weight_decay": 0.1}
    fixed = asked(shipped, {}, hyperparameters=overrides)["TrainingJobDefinition"]["StaticHyperParameters"]
    assert fixed["weight_decay"] == "0.1"
    assert float(fixed["epochs"]) > 0
    assert not {"train-batch-size", "learning_rate"} & fixed.keys()
    all_tuned = {
        "IntegerParameterRanges": [{**BATCH, "Name": name} for name in (*fixed, "learning_rate", BATCH["Name"])]
    }
    assert asked(shipped, {"ranges": all_tuned})["TrainingJobDefinition"]["StaticHyperParameters"] == {}


def test_should_train_as_any_other_run_does(shipped: Settings) -> None:
    definition = asked(shipped, {})["TrainingJobDefinition"]
    metrics = {each["Name"] for each in definition["AlgorithmSpecification"]["MetricDefinitions"]}
    assert metrics == METRICS.keys()
    assert definition["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/train")
    assert definition["EnableNetworkIsolation"] is True
    assert "CheckpointConfig" not in definition


def test_should_keep_no_instance_warm_and_take_spot_capacity() -> None:
    warm = parse_settings(CONTEXT | {"training": {"keep_warm_minutes": 10}})
    spot = parse_settings(CONTEXT | {"training": {"spot": True}})
    assert "KeepAlivePeriodInSeconds" not in asked(warm, {})["TrainingJobDefinition"]["ResourceConfig"]
    assert asked(spot, {})["TrainingJobDefinition"]["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize(("strategy", "stopping"), [("Bayesian", "Auto"), ("Hyperband", "Off"), ("Grid", "Auto")])
def test_should_leave_early_stopping_to_hyperband(shipped: Settings, strategy: str, stopping: str) -> None:
    config = asked(shipped, {"strategy": strategy})["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == ("Hyperband" if strategy == "Hyperband" else "Bayesian")
    assert config["TrainingJobEarlyStoppingType"] == stopping


def test_should_go_on_with_the_best_model() -> None:
    states = {"result": {"BestTrainingJob": {"TrainingJobName": "chitra--t-002-0123abcd"}}}
    artefact = evaluate(tuning.best_artefact(DEPLOYMENT), {}, states)["artefact"]
    assert artefact == f"s3://{DEPLOYMENT.bucket}/models/chitra--t-002-0123abcd/output/model.tar.gz"
