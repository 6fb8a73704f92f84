"""Metrics of a training job, from its log lines."""

from __future__ import annotations

from local_aws.metrics import Metrics
from local_aws.sagemaker_store import Store


def test_should_keep_the_newest_value_of_each_metric() -> None:
    regexes = {"loss": "loss ([0-9.]+)", "accuracy": "accuracy ([0-9.]+)", "no group": "loss", "a word": "(loss)"}
    definitions = [{"Name": name, "Regex": regex} for name, regex in regexes.items()]
    record = {"AlgorithmSpecification": {"MetricDefinitions": definitions}}
    metrics = Metrics(Store(), record)
    for line in ("loss 3.5  accuracy 0.25", "nothing", "loss 1.5\n"):
        metrics.read(line)
    told = {each["MetricName"]: each["Value"] for each in record["FinalMetricDataList"]}
    assert told == {"accuracy": 0.25, "loss": 1.5}


def test_should_tell_none_of_a_job_that_defines_none() -> None:
    record = {"AlgorithmSpecification": {}}
    Metrics(Store(), record).read("loss 3.5")
    assert "FinalMetricDataList" not in record
