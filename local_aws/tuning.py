"""Hyperparameter tuning jobs: real training jobs, with values that are drawn at random from the ranges.

SageMaker's strategies choose values by what they have seen; here only the ranges and their scales count. Jobs that fall
behind are stopped by the median of the others (developer guide, "Stop Training Jobs Early"), for Hyperband, too.
"""

from __future__ import annotations

import math
import random
import secrets
import time
from collections.abc import Callable, Iterator
from statistics import fmean, median
from typing import Any

from local_aws.metrics import EMITTED
from local_aws.sagemaker_store import TRAINING, TUNING, ApiError, Record, Store
from local_aws.threads import in_thread

POLL_SECONDS = 0.2
MOST_PARALLEL, MOST_JOBS, MOST_RANGES = 10, 750, 30  # quotas ("Automatic model tuning limits")
OBJECTIVE_PARAMETER = "_tuning_objective_metric"  # what SageMaker adds to the hyperparameters of each training job
EPOCH_NAMES = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")  # that tell Hyperband its resource
KINDS_OF_RANGES = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
NO_METRIC = (
    "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric definitions."
)
AT_WORK = ("InProgress", "Stopping")
FEWEST_OTHERS = 3  # jobs that have ended, before one is stopped early


def refuse_unusable(request: Record) -> None:
    """Raises ApiError for what botocore's model cannot know."""
    if problem := next(_problems(request), None):
        raise ApiError("ValidationException", problem)


def _problems(request: Record) -> Iterator[str]:
    config, trial = request["HyperParameterTuningJobConfig"], request.get("TrainingJobDefinition")
    if trial is None:
        yield "TrainingJobDefinition is required."
        return
    limits = config["ResourceLimits"]
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs", MOST_JOBS), limits["MaxParallelTrainingJobs"]
    if parallel > MOST_PARALLEL:
        yield f"MaxParallelTrainingJobs: {parallel} is more than {MOST_PARALLEL}."
    if jobs > MOST_JOBS:
        yield f"MaxNumberOfTrainingJobs: {jobs} is more than {MOST_JOBS}."
    if parallel > jobs:
        yield f"MaxParallelTrainingJobs ({parallel}) cannot be greater than MaxNumberOfTrainingJobs ({jobs})."
    fixed = trial.get("StaticHyperParameters", {})
    yield from _problems_of_ranges(config.get("ParameterRanges", {}), fixed)
    defined = {each["Name"] for each in trial["AlgorithmSpecification"].get("MetricDefinitions", [])}
    if config.get("HyperParameterTuningJobObjective", {}).get("MetricName") not in defined:
        yield NO_METRIC
    if config["Strategy"] == "Hyperband":
        if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
            yield "TrainingJobEarlyStoppingType must be OFF to use the Hyperband strategy."
        resource = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
        if "MaxResource" not in resource and not any(name in fixed for name in EPOCH_NAMES):
            yield "MaxResource is required for the Hyperband strategy."


def _problems_of_ranges(ranges: Record, fixed: Record) -> Iterator[str]:
    names = [each["Name"] for kind in KINDS_OF_RANGES for each in ranges.get(kind, [])]
    if not names:
        yield "At least one hyperparameter range is required."
    if len(names) > MOST_RANGES:
        yield f"ParameterRanges: {len(names)} hyperparameters are more than {MOST_RANGES}."
    for name in names:
        if names.count(name) > 1:
            yield f"Hyperparameter {name} has more than one range."
        if name in fixed:
            yield f"Hyperparameter {name} is in StaticHyperParameters and in ParameterRanges."
    for each in (*ranges.get("IntegerParameterRanges", []), *ranges.get("ContinuousParameterRanges", [])):
        yield from _problems_of_range(each)


def _problems_of_range(each: Record) -> Iterator[str]:
    name, scale = each["Name"], each.get("ScalingType", "Auto")
    try:
        low, high = float(each["MinValue"]), float(each["MaxValue"])
    except ValueError:
        yield f"The range of {name} has no numbers."
        return
    if not low < high:
        yield f"MinValue of {name} must be less than its MaxValue."
    if scale == "Logarithmic" and low <= 0:
        yield f"Logarithmic scaling of {name} needs values greater than 0."
    if scale == "ReverseLogarithmic" and not 0 <= low < high < 1:
        yield f"Reverse logarithmic scaling of {name} needs values from 0 to below 1."


def drawn(ranges: Record, chance: random.Random) -> dict[str, str]:
    """A value of each range."""
    values = {}
    for each in ranges.get("ContinuousParameterRanges", []):
        values[each["Name"]] = repr(_between(each, chance))
    for each in ranges.get("IntegerParameterRanges", []):
        values[each["Name"]] = str(round(_between(each, chance)))
    for each in ranges.get("CategoricalParameterRanges", []):
        values[each["Name"]] = chance.choice(each["Values"])
    return values


def _between(each: Record, chance: random.Random) -> float:
    low, high = float(each["MinValue"]), float(each["MaxValue"])
    match each.get("ScalingType", "Auto"):
        case "Logarithmic":
            return math.exp(chance.uniform(math.log(low), math.log(high)))
        case "ReverseLogarithmic":
            return 1 - math.exp(chance.uniform(math.log(1 - high), math.log(1 - low)))
    return chance.uniform(low, high)


class TuningRunner:
    """Runs each tuning job in a thread of its own; ``create_training`` makes a training job, as the API does."""

    def __init__(self, store: Store, create_training: Callable[..., Record]) -> None:
        self._store, self._create_training = store, create_training

    def start(self, record: Record) -> None:
        """Begin the job of a record that was just created. The caller's scope goes with it."""
        self._count(record)
        in_thread(self._run, record)

    def trials_of(self, record: Record) -> list[Record]:
        """As the API summarises them, the newest first."""
        return [_summary(record, each) for each in self._trials(record)]

    def _run(self, record: Record) -> None:
        try:
            self._train_all(record)
            ended = self._outcome(record)
        except Exception as error:
            ended = {"HyperParameterTuningJobStatus": "Failed", "FailureReason": f"ClientError: {error}"[:1024]}
        self._count(record)
        self._store.update(record, **ended, HyperParameterTuningEndTime=time.time())

    def _train_all(self, record: Record) -> None:
        config = record["HyperParameterTuningJobConfig"]
        limits, chance = config["ResourceLimits"], random.Random(config.get("RandomSeed"))  # noqa: S311
        most = limits.get("MaxNumberOfTrainingJobs", MOST_JOBS)
        while True:
            trials = self._trials(record)
            working = [each for each in trials if each["TrainingJobStatus"] in AT_WORK]
            stopping = record["HyperParameterTuningJobStatus"] == "Stopping"
            if not working and (stopping or len(trials) >= most):
                return
            for each in working:
                if stopping or falls_behind(record, each, [other for other in trials if other not in working]):
                    self._store.update(each, TrainingJobStatus="Stopping")
            if not stopping and len(trials) < most and len(working) < limits["MaxParallelTrainingJobs"]:
                self._create_trial(record, len(trials) + 1, drawn(config["ParameterRanges"], chance))
                continue
            self._count(record)
            time.sleep(POLL_SECONDS)

    def _create_trial(self, record: Record, number: int, values: dict[str, str]) -> None:
        definition = dict(record["TrainingJobDefinition"])
        objective = record["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
        fixed = definition.pop("StaticHyperParameters", {})
        tags = self._store.tags(record[TUNING.arn_key])
        request = {
            **definition,
            "TrainingJobName": f"{record[TUNING.name_key]}-{number:03}-{secrets.token_hex(4)}",
            "HyperParameters": {**fixed, **values, OBJECTIVE_PARAMETER: objective},
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        self._create_training(request, TuningJobArn=record[TUNING.arn_key], TunedHyperParameters=values)

    def _trials(self, record: Record) -> list[Record]:
        return [each for each in self._store.all_of(TRAINING) if each.get("TuningJobArn") == record[TUNING.arn_key]]

    def _count(self, record: Record) -> None:
        summaries = self.trials_of(record)
        states = [each["TrainingJobStatus"] for each in summaries]
        objectives = [each["ObjectiveStatus"] for each in summaries]
        whole = [each for each in reversed(summaries) if each["TrainingJobStatus"] == "Completed"]
        best = max(
            (each for each in whole if each["ObjectiveStatus"] == "Succeeded"),
            key=lambda each: _gain(record, each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]),
            default=None,
        )
        self._store.update(
            record,
            TrainingJobStatusCounters={
                "Completed": states.count("Completed"),
                "InProgress": sum(state in AT_WORK for state in states),
                "RetryableError": 0,
                "NonRetryableError": states.count("Failed"),
                "Stopped": states.count("Stopped"),
            },
            ObjectiveStatusCounters={name: objectives.count(name) for name in ("Succeeded", "Pending", "Failed")},
            **({"BestTrainingJob": best} if best else {}),
        )

    def _outcome(self, record: Record) -> Record:
        if record["HyperParameterTuningJobStatus"] == "Stopping":
            return {"HyperParameterTuningJobStatus": "Stopped"}
        summaries = self.trials_of(record)
        if any(each["ObjectiveStatus"] == "Succeeded" for each in summaries):
            return {"HyperParameterTuningJobStatus": "Completed"}
        reasons = [each["FailureReason"] for each in summaries if "FailureReason" in each]
        reason = reasons[0] if reasons else "No objective metrics found. Does the algorithm print its objective metric?"
        return {"HyperParameterTuningJobStatus": "Failed", "FailureReason": reason}


def _summary(tuning: Record, trial: Record) -> Record:
    keys = (
        *("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingStartTime", "TrainingEndTime"),
        *("TrainingJobStatus", "TunedHyperParameters", "FailureReason"),
    )
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    value = _metric(trial, objective["MetricName"])
    ended = trial["TrainingJobStatus"] not in AT_WORK
    found = value is not None and ended and trial["TrainingJobStatus"] != "Failed"
    final = {"Type": objective["Type"], "MetricName": objective["MetricName"], "Value": value}
    return {
        **{key: trial[key] for key in keys if key in trial},
        "TuningJobName": tuning[TUNING.name_key],
        "ObjectiveStatus": "Succeeded" if found else "Failed" if ended else "Pending",
        **({"FinalHyperParameterTuningJobObjectiveMetric": final} if found else {}),
    }


def _metric(trial: Record, name: str) -> float | None:
    known: list[dict[str, Any]] = trial.get("FinalMetricDataList", [])
    return next((each["Value"] for each in known if each["MetricName"] == name), None)


def _gain(tuning: Record, value: float) -> float:
    objective = tuning["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    return value if objective["Type"] == "Maximize" else -value


def falls_behind(tuning: Record, trial: Record, ended: list[Record]) -> bool:
    """Whether the trial's newest value is worse than the median of what those that ended had on average by then."""
    config = tuning["HyperParameterTuningJobConfig"]
    if config["Strategy"] != "Hyperband" and config.get("TrainingJobEarlyStoppingType") != "Auto":
        return False
    name = config["HyperParameterTuningJobObjective"]["MetricName"]
    mine = trial.get(EMITTED, {}).get(name, [])
    curves = [each.get(EMITTED, {}).get(name, []) for each in ended]
    others = [fmean(curve[: len(mine)]) for curve in curves if mine and len(curve) >= len(mine)]
    if len(others) < FEWEST_OTHERS:
        return False
    return _gain(tuning, mine[-1]) < _gain(tuning, median(others))
