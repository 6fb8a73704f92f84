"""Tuning jobs of the local AWS: what it refuses, draws, and stops early. tests/local_aws/test_workflow.py runs one."""

from __future__ import annotations

import copy
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from chitra.hyperparameters import parse_hyperparameters
from infra.names import run_of_job
from infra.settings import parse_settings
from infra.tuning import tuning_job
from local_aws.metrics import EMITTED
from local_aws.sagemaker_store import TRAINING, TUNING, ApiError, Store
from local_aws.tuning import NO_METRIC, TuningRunner, drawn, falls_behind, refuse_unusable
from local_aws.validation import problems_of_request
from tests.helpers.project import CONTEXT
from tests.infra.test_jobs import DEPLOYMENT, evaluate, variables

Request = dict[str, Any]
LEARNING_RATE = {"Name": "learning_rate", "MinValue": "1e-5", "MaxValue": "1e-3", "ScalingType": "Logarithmic"}
BATCH = {"Name": "train-batch-size", "MinValue": "4", "MaxValue": "8"}
RANGES = {
    "ContinuousParameterRanges": [LEARNING_RATE],
    "IntegerParameterRanges": [BATCH],
    "CategoricalParameterRanges": [{"Name": "long_articles", "Values": ["head", "windows"]}],
}
ASKED = {"jobs": 4, "parallel": 2, "ranges": RANGES}


@pytest.fixture
def request_of_a_tuning() -> Request:
    """As the workflow makes it."""
    request: Request = evaluate(tuning_job(parse_settings(CONTEXT), DEPLOYMENT), variables({"tuning": ASKED}), {})
    return request


def test_should_take_what_the_workflow_asks_for(request_of_a_tuning: Request) -> None:
    assert problems_of_request("sagemaker", "CreateHyperParameterTuningJob", request_of_a_tuning) == []
    refuse_unusable(request_of_a_tuning)


def limits(**values: int) -> Callable[[Request], None]:
    return lambda request: request["HyperParameterTuningJobConfig"]["ResourceLimits"].update(values)


def ranges(*given: Request) -> Callable[[Request], None]:
    wanted = {"ContinuousParameterRanges": list(given)}
    return lambda request: request["HyperParameterTuningJobConfig"].update(ParameterRanges=wanted)


def without_metrics(request: Request) -> None:
    request["TrainingJobDefinition"]["AlgorithmSpecification"].pop("MetricDefinitions")


def hyperband(**fixed: str) -> Callable[[Request], None]:
    def change(request: Request) -> None:
        stopping = fixed.pop("stopping", "Off")
        config = request["HyperParameterTuningJobConfig"]
        config.update(Strategy="Hyperband", TrainingJobEarlyStoppingType=stopping)
        request["TrainingJobDefinition"]["StaticHyperParameters"] = fixed

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (limits(MaxParallelTrainingJobs=11, MaxNumberOfTrainingJobs=20), "11 is more than 10"),
        (limits(MaxNumberOfTrainingJobs=751), "751 is more than 750"),
        (limits(MaxNumberOfTrainingJobs=1), "cannot be greater than MaxNumberOfTrainingJobs"),
        (ranges(), "At least one hyperparameter range"),
        (ranges(LEARNING_RATE, LEARNING_RATE), "learning_rate has more than one range"),
        (ranges({**LEARNING_RATE, "Name": "epochs"}), "epochs is in StaticHyperParameters"),
        (ranges({**LEARNING_RATE, "MinValue": "0"}), "needs values greater than 0"),
        (ranges({**LEARNING_RATE, "MinValue": "1e-3"}), "must be less than its MaxValue"),
        (ranges({**LEARNING_RATE, "MinValue": "little"}), "has no numbers"),
        (ranges({**LEARNING_RATE, "MaxValue": "1", "ScalingType": "ReverseLogarithmic"}), "from 0 to below 1"),
        (without_metrics, NO_METRIC),
        (hyperband(epochs="3", stopping="Auto"), "TrainingJobEarlyStoppingType must be OFF"),
        (hyperband(seed="1"), "MaxResource is required"),
    ],
)
def test_should_refuse_what_sagemaker_refuses(
    request_of_a_tuning: Request, change: Callable[[Request], None], words: str
) -> None:
    request = copy.deepcopy(request_of_a_tuning)
    change(request)
    with pytest.raises(ApiError, match=words) as error:
        refuse_unusable(request)
    assert error.value.code == "ValidationException"


def test_should_refuse_a_name_of_33_characters(request_of_a_tuning: Request) -> None:
    request = {**request_of_a_tuning, "HyperParameterTuningJobName": "chitra--" + "a" * 25}
    assert problems_of_request("sagemaker", "CreateHyperParameterTuningJob", request)


def test_should_draw_values_within_the_ranges_on_their_scales() -> None:
    """Half of what is drawn on a scale of logarithms lies below the middle of the exponents."""
    chance = random.Random(1)  # noqa: S311
    values = [drawn(RANGES, chance) for _ in range(200)]
    rates = [float(each["learning_rate"]) for each in values]
    assert 1e-5 <= min(rates) <= max(rates) <= 1e-3
    assert 60 < sum(rate < 1e-4 for rate in rates) < 140
    assert {each["train-batch-size"] for each in values} == {"4", "5", "6", "7", "8"}
    assert {each["long_articles"] for each in values} == {"head", "windows"}


@pytest.mark.parametrize(
    ("strategy", "stopping", "value", "stopped"),
    [
        ("Bayesian", "Auto", 0.5, True),
        ("Bayesian", "Auto", 0.75, False),
        ("Bayesian", "Off", 0.5, False),
        ("Hyperband", "Off", 0.5, True),
    ],
)
def test_should_stop_a_job_that_falls_behind_the_median(
    request_of_a_tuning: Request, strategy: str, stopping: str, value: float, stopped: bool
) -> None:
    config = request_of_a_tuning["HyperParameterTuningJobConfig"]
    config.update(Strategy=strategy, TrainingJobEarlyStoppingType=stopping)
    ended = [trial(0.6, 0.9), trial(0.7, 0.9), trial(0.8, 0.9)]
    assert falls_behind(request_of_a_tuning, trial(value), ended) is stopped
    assert not falls_behind(request_of_a_tuning, trial(value), ended[:2])
    assert not falls_behind(request_of_a_tuning, trial(), ended)


def trial(*accuracies: float) -> Request:
    return {EMITTED: {"validation:best_accuracy": list(accuracies)}}


class Trainings:
    """Instead of real ones: each ends at the second look, with an accuracy of a tenth of its number."""

    def __init__(self, store: Store, **ends: Request) -> None:
        self._store, self._ends = store, ends
        self.most_at_a_time, self.requests = 0, list[Request]()

    def create(self, request: Request, **fields: Any) -> Request:
        number = len(self.requests) + 1
        record = self._store.create(TRAINING, request, TrainingJobStatus="InProgress", **fields)
        metric = {"MetricName": "validation:best_accuracy", "Value": number / 10, "Timestamp": 0}
        end = self._ends.get(f"number_{number}", {"TrainingJobStatus": "Completed", "FinalMetricDataList": [metric]})
        self.requests.append(request)
        threading.Timer(0.3, lambda: self._store.update(record, **end)).start()
        working = [each for each in self._store.all_of(TRAINING) if each["TrainingJobStatus"] == "InProgress"]
        self.most_at_a_time = max(self.most_at_a_time, len(working))
        return record


def run_tuning(request: Request, **ends: Request) -> tuple[Request, Trainings]:
    """The tuning job's record at its end."""
    store = Store()
    trainings = Trainings(store, **ends)
    record = store.create(TUNING, request, HyperParameterTuningJobStatus="InProgress")
    runner = TuningRunner(store, trainings.create)
    runner.start(record)
    deadline = time.monotonic() + 60
    while "HyperParameterTuningEndTime" not in record:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return record, trainings


def test_should_run_no_more_at_a_time_than_was_asked_for_and_take_the_best(request_of_a_tuning: Request) -> None:
    failed = {"TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: no"}
    record, trainings = run_tuning(request_of_a_tuning, number_4=failed)
    assert record["HyperParameterTuningJobStatus"] == "Completed"
    assert trainings.most_at_a_time == 2
    names = [each["TrainingJobName"] for each in trainings.requests]
    assert record["BestTrainingJob"]["TrainingJobName"] == names[2]
    assert record["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 0.3
    counters = record["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["NonRetryableError"], counters["InProgress"]) == (3, 1, 0)
    assert all(run_of_job(name) == "chitra--run-1" for name in names)
    parameters = trainings.requests[0]["HyperParameters"]
    assert parameters["_tuning_objective_metric"] == "validation:best_accuracy"
    parse_hyperparameters(parameters)
    for request in trainings.requests:
        assert problems_of_request("sagemaker", "CreateTrainingJob", request) == []


def test_should_fail_when_no_training_job_tells_its_objective(request_of_a_tuning: Request) -> None:
    silent = {"TrainingJobStatus": "Completed"}
    ends = {f"number_{number}": silent for number in range(1, 5)}
    record, _ = run_tuning(request_of_a_tuning, **ends)
    assert record["HyperParameterTuningJobStatus"] == "Failed"
    assert "objective metric" in record["FailureReason"]
