"""What is asked of a tuning, and what is said of its trials."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chitra.errors import InputError
from infra.names import Names
from infra.settings import LimitSettings
from tests.helpers.project import write_cdk_json
from tests.workshop.runs.test_run import Service
from workshop import cli
from workshop.aws.run_names import check_tuning_name, is_named_by, new_tuning_name
from workshop.runs.follow import LogLine, StageStarted, follow_run, read_logs
from workshop.runs.job_state import JobState
from workshop.runs.run import Run
from workshop.runs.tuning import DEFAULT_RANGES, Trial, TrialReader, plan, read_ranges

LIMITS = LimitSettings()
NAMES = Names("chitra")


def test_should_read_ranges_as_sagemaker_has_them() -> None:
    texts = ["learning_rate=1e-5:1e-4:log", "warmup_ratio=0:0.2", "seed=1:9", "long_articles=head,windows"]
    assert read_ranges(texts) == {
        "ContinuousParameterRanges": [
            {"Name": "learning_rate", "MinValue": "1e-5", "MaxValue": "1e-4", "ScalingType": "Logarithmic"},
            {"Name": "warmup_ratio", "MinValue": "0", "MaxValue": "0.2", "ScalingType": "Auto"},
        ],
        "IntegerParameterRanges": [{"Name": "seed", "MinValue": "1", "MaxValue": "9", "ScalingType": "Auto"}],
        "CategoricalParameterRanges": [{"Name": "long_articles", "Values": ["head", "windows"]}],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learning_rate", "write NAME=LOW:HIGH"),
        ("learning_rate=1e-5:1e-4:cubic", "write NAME=LOW:HIGH"),
        ("learning_rate=1e-5:1e-4:log:log", "write NAME=LOW:HIGH"),
        ("learnin_rate=1e-5:1e-4", "is no hyperparameter. Did you mean learning_rate?"),
        ("learning_rate=1e-4:1e-5", "1e-4 is not below 1e-5"),
        ("learning_rate=0:1e-5", "hyperparameter learning_rate: "),
        ("weight_decay=0:0.1:log", "begins above 0"),
        ("train-batch-size=8,many", "hyperparameter train-batch-size: "),
        ("long_articles=head:windows", "head is no number. List values as long_articles=VALUE,VALUE"),
    ],
)
def test_should_name_a_range_that_cannot_be_used(text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read_ranges([text])
    assert str(error.value).startswith(f"--range {text}: ")
    assert words in str(error.value)


def test_should_write_whole_numbers_as_whole() -> None:
    [asked] = read_ranges(["train-batch-size=8.0:32.0"])["IntegerParameterRanges"]
    assert (asked["MinValue"], asked["MaxValue"]) == ("8", "32")


def test_should_take_one_range_of_each_hyperparameter() -> None:
    with pytest.raises(InputError, match="seed has a range already"):
        read_ranges(["seed=1:2", "seed=3,4"])


def test_should_ask_for_as_much_as_the_settings_allow() -> None:
    asked = plan(LIMITS, jobs=None, parallel=None, strategy="Bayesian", ranges=[])
    assert (asked.jobs, asked.parallel) == (LIMITS.tuning_jobs, LIMITS.tuning_jobs_at_a_time)
    assert asked.ranges == read_ranges(DEFAULT_RANGES)
    assert plan(LIMITS, jobs=1, parallel=2, strategy="Bayesian", ranges=[]).parallel == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"jobs": 11}, r"--jobs 11: must be from 1 to 10 \(workshop.limits.tuning_jobs in cdk.json\)"),
        ({"parallel": 3}, r"--parallel 3: must be from 1 to 2"),
        ({"jobs": 0}, "--jobs 0"),
        ({"strategy": "Hyperband", "ranges": ["epochs=1:4"]}, "--range epochs: Hyperband decides"),
    ],
)
def test_should_refuse_more_than_the_settings_allow(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan(LIMITS, **{"jobs": None, "parallel": None, "strategy": "Bayesian", "ranges": [], **given})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-r", "seed=1:2", "-p", "seed=3"], "--hyperparameter seed: has a range, too"),
        (["--json"], "--json: asks nobody"),
        (["--name", "a" * 25], "is too long for a tuning: SageMaker takes 32 characters"),
        (["-p", "nosuch=1"], "nosuch: is unknown"),
    ],
)
def test_should_refuse_a_tuning_before_it_asks_aws(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_cdk_json(tmp_path)
    monkeypatch.setattr(sys, "argv", ["workshop", "tune", *arguments, "--folder", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_should_give_a_name_that_is_short_enough_and_tells_whose_it_is() -> None:
    name = new_tuning_name(NAMES, "chitra-participant-1")
    assert name.startswith("chitra--participant-1-t")
    assert is_named_by(NAMES, "chitra-participant-1", name)
    assert not is_named_by(NAMES, "chitra-participant-2", name)
    assert check_tuning_name("a" * 32)
    with pytest.raises(InputError, match="Give a shorter --name"):
        new_tuning_name(Names("workshop-of-2026"), "workshop-of-2026-participant-10")


class SageMaker:
    """Two trials of one tuning, of which one ends between two looks."""

    def __init__(self) -> None:
        self.status = "InProgress"

    def get_paginator(self, operation: str) -> SageMaker:
        assert operation == "list_training_jobs_for_hyper_parameter_tuning_job"
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        metric = {"MetricName": "validation:best_accuracy", "Value": 0.9125}
        ended = {"FinalHyperParameterTuningJobObjectiveMetric": metric} if self.status == "Completed" else {}
        values = {"learning_rate": "3.14159265e-05", "long_articles": "head"}
        first = {"TrainingJobName": "chitra--t-001-0123abcd", "TrainingJobStatus": self.status, **ended}
        second = {
            "TrainingJobName": "chitra--t-002-0123abcd",
            "TrainingJobStatus": "Failed",
            "FailureReason": "no\nroom",
        }
        return [{"TrainingJobSummaries": [{**each, "TunedHyperParameters": values} for each in (first, second)]}]


def test_should_tell_of_each_trial_when_its_state_changes() -> None:
    sagemaker = SageMaker()
    reader = TrialReader(sagemaker)
    assert [each.text for each in reader.new_lines("chitra--t")] == [
        "001  InProgress  learning_rate 3.142e-05, long_articles head",
        "002  Failed  learning_rate 3.142e-05, long_articles head  no room",
    ]
    assert list(reader.new_lines("chitra--t")) == []
    sagemaker.status = "Completed"
    [told] = reader.new_lines("chitra--t")
    assert told.text == ("001  Completed  learning_rate 3.142e-05, long_articles head  best validation accuracy 0.9125")


def test_should_call_a_trial_by_its_number() -> None:
    assert Trial("chitra--t-a-012-0123abcd", "Completed", {}, None, "").number == "012"
    assert json.dumps(plan(LIMITS, jobs=1, parallel=1, strategy="Bayesian", ranges=[]).to_json())


class Tuned(Service):
    """An execution that tunes: one trial that is made and ends while it is followed."""

    def __init__(self) -> None:
        super().__init__({"": (["epoch one"], "a")}, ["RUNNING", "RUNNING", "SUCCEEDED"])
        asked = json.dumps({"HyperParameterTuningJobName": "chitra--t", "TrainingJobDefinition": {}})
        self.stages = ["Tune"]
        self.later = [{"type": "TaskScheduled", "taskScheduledEventDetails": {"parameters": asked}}]

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        if "HyperParameterTuningJobName" not in given:
            return super().paginate(**given)
        assert given["HyperParameterTuningJobName"] == "chitra--t"
        trial = {"TrainingJobName": "chitra--t-001-0123abcd", "TunedHyperParameters": {"seed": "7"}}
        status = "InProgress" if self.looks < 2 else "Stopped"
        return [{"TrainingJobSummaries": [{**trial, "TrainingJobStatus": status}]}]

    def describe_hyper_parameter_tuning_job(self, **given: Any) -> dict[str, Any]:
        limits = {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 2}
        return {
            "HyperParameterTuningJobStatus": "InProgress",
            "HyperParameterTuningJobConfig": {"ResourceLimits": limits},
            "TrainingJobDefinition": {
                "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1},
                "StoppingCondition": {"MaxRuntimeInSeconds": 100},
            },
            "CreationTime": datetime(2026, 11, 26, tzinfo=UTC),
        }


def test_should_follow_a_tuning_trial_by_trial() -> None:
    """What it costs is told as if as many instances as may be were at work all the time: three rounds of two."""
    account: Any = Tuned()
    begin, job, *lines = follow_run(account, Run("arn", "chitra--t"), poll_seconds=0.0)
    assert begin == StageStarted("Tune")
    assert isinstance(job, JobState)
    assert (job.status, str(job.capacity), job.longest_seconds) == ("Tuning", "2 x ml.g4dn.xlarge", 300)
    assert lines == [LogLine("Tune", "001  InProgress  seed 7"), LogLine("Tune", "001  Stopped  seed 7")]


def test_should_show_the_log_of_each_trial() -> None:
    account: Any = Tuned()
    assert list(read_logs(account, Run("arn", "chitra--t"))) == [LogLine("Tune 001", "epoch one")]
