"""Tunings: what is asked for, what their trials have reached, and which is the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from chitra.errors import InputError
from chitra.hyperparameters import Hyperparameters, known_names, parse_hyperparameters
from chitra.nearest import did_you_mean
from infra.names import TUNING_NAME_LENGTH, run_of_job
from infra.settings import LimitSettings
from infra.tuning import EPOCHS, HYPERBAND
from workshop.aws.account import Account
from workshop.aws.kinds import TUNING
from workshop.aws.log_lines import Written
from workshop.aws.waiting import none_if_hidden

# Beside the defaults of training: for BERT base, rates around the usual one, and batches that a T4 has memory for.
DEFAULT_RANGES = ("learning_rate=2e-5:1e-4:log", "train-batch-size=8,16,32")
SCALES = {"log": "Logarithmic", "linear": "Linear"}
SHAPE = "write NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE"

Ranges = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Tuning:
    """``ranges`` are the API's ParameterRanges."""

    jobs: int
    parallel: int
    strategy: str
    ranges: Ranges

    def to_json(self) -> dict[str, Any]:
        """What the workflow's input holds."""
        return {"jobs": self.jobs, "parallel": self.parallel, "strategy": self.strategy, "ranges": self.ranges}


def plan(
    limits: LimitSettings, *, jobs: int | None, parallel: int | None, strategy: str, ranges: Sequence[str]
) -> Tuning:
    """What was asked for, as far as it was; the rest are the settings' limits and `DEFAULT_RANGES`.

    Raises:
        InputError: names the option that cannot be used.
    """
    wanted = _within("--jobs", jobs, limits.tuning_jobs, "limits.tuning_jobs")
    at_a_time = _within("--parallel", parallel, limits.tuning_jobs_at_a_time, "limits.tuning_jobs_at_a_time")
    found = read_ranges(ranges or DEFAULT_RANGES)
    if strategy == HYPERBAND and EPOCHS in names_of(found):
        raise InputError(f"--range {EPOCHS}: Hyperband decides about epochs by itself. Leave the range out.")
    return Tuning(wanted, min(at_a_time, wanted), strategy, found)


def _within(option: str, asked: int | None, most: int, setting: str) -> int:
    if asked is not None and not 1 <= asked <= most:
        raise InputError(f"{option} {asked}: must be from 1 to {most} (workshop.{setting} in cdk.json).")
    return most if asked is None else asked


def read_ranges(texts: Sequence[str]) -> Ranges:
    """``learning_rate=1e-5:1e-4:log`` or ``train-batch-size=8,16``, as SageMaker wants them.

    Raises:
        InputError: names the range that cannot be used.
    """
    ranges: Ranges = {}
    for text in texts:
        kind, found = _range(text)
        if found["Name"] in names_of(ranges):
            raise InputError(f"--range {text}: {found['Name']} has a range already.")
        ranges.setdefault(kind, []).append(found)
    return ranges


def names_of(ranges: Ranges) -> list[str]:
    return [each["Name"] for kind in ranges.values() for each in kind]


def _range(text: str) -> tuple[str, dict[str, Any]]:
    name, _, values = text.partition("=")
    if not name or not values:
        raise InputError(f"--range {text}: {SHAPE}.")
    if name not in known_names():
        raise InputError(f"--range {text}: {name} is no hyperparameter.{did_you_mean(name, known_names())}")
    if ":" not in values:
        choices = values.split(",")
        for value in choices:
            _check(text, name, value)
        return "CategoricalParameterRanges", {"Name": name, "Values": choices}
    low, high, *scale = values.split(":")
    if len(scale) > 1 or (scale and scale[0] not in SCALES):
        raise InputError(f"--range {text}: {SHAPE}.")
    first, last = _number(text, name, low), _number(text, name, high)
    if not first < last:
        raise InputError(f"--range {text}: {low} is not below {high}.")
    scaling = SCALES[scale[0]] if scale else "Auto"
    if scaling == "Logarithmic" and first <= 0:
        raise InputError(f"--range {text}: a scale of logarithms begins above 0.")
    if _takes(name, bool):
        raise InputError(f"--range {text}: {name} is true or false. List them: {name}=true,false.")
    kind = "ContinuousParameterRanges"
    if _takes(name, int):
        kind, low, high = "IntegerParameterRanges", str(int(first)), str(int(last))
    return kind, {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}


def _number(text: str, name: str, value: str) -> float:
    _check(text, name, value)
    try:
        return float(value)
    except ValueError as error:
        raise InputError(f"--range {text}: {value} is no number. List values as {name}=VALUE,VALUE.") from error


def _check(text: str, name: str, value: str) -> None:
    try:
        parse_hyperparameters({name: value})
    except InputError as error:
        raise InputError(f"--range {text}: {error}") from error


def _takes(name: str, kind: type) -> bool:
    """Whether the hyperparameter's values are of that type."""
    fields = Hyperparameters.model_fields.items()
    annotation = next(field.annotation for key, field in fields if name in (key, field.alias))
    return kind in (annotation, *get_args(annotation))


@dataclass(frozen=True, slots=True)
class Trial:
    """A training job of a tuning. ``accuracy`` is the best on the validation split, None before its end."""

    job: str
    status: str
    values: dict[str, str]
    accuracy: float | None
    reason: str

    @property
    def number(self) -> str:
        return self.job.split("-")[-2]

    @property
    def values_text(self) -> str:
        return ", ".join(f"{name} {_short(value)}" for name, value in sorted(self.values.items()))

    def __str__(self) -> str:
        reached = "" if self.accuracy is None else f"  best validation accuracy {self.accuracy:.4f}"
        return f"{self.number}  {self.status}  {self.values_text}{reached}{f'  {self.reason}' if self.reason else ''}"


def trials_of(sagemaker: Any, tuning: str) -> list[Trial]:
    """In the order in which they were made."""
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    found = pages.paginate(HyperParameterTuningJobName=tuning, SortBy="CreationTime", SortOrder="Ascending")
    return [_trial(each) for page in found for each in page["TrainingJobSummaries"]]


def _trial(summary: dict[str, Any]) -> Trial:
    final = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {})
    return Trial(
        summary["TrainingJobName"],
        summary["TrainingJobStatus"],
        summary["TunedHyperParameters"],
        final.get("Value"),
        " ".join(summary.get("FailureReason", "").split()),
    )


def best_trial(account: Account, run: str) -> str:
    """The training job of a tuning whose model is the best so far; empty where there is none, or no such tuning."""
    if len(run) > TUNING_NAME_LENGTH:
        return ""
    found = none_if_hidden(lambda: TUNING.call(account.client("sagemaker"), "Describe", run))
    return str((found or {}).get("BestTrainingJob", {}).get("TrainingJobName", ""))


class TrialReader:
    """Tells of each trial when it is there and when its state has changed, as a log would."""

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker
        self._known: dict[str, Trial] = {}

    def new_lines(self, tuning: str) -> Iterator[Written]:
        for trial in trials_of(self._sagemaker, tuning):
            if self._known.get(trial.job) != trial:
                self._known[trial.job] = trial
                yield Written(str(trial), None)


def is_trial(job: str) -> bool:
    return run_of_job(job) != job


def _short(value: str) -> str:
    """A number to four digits."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
