"""What the page learns from SageMaker about a run's jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop.report.job import Job, Preprocessing, describe_job

KEY = "0123456789abcdef" * 2
BEGIN = datetime(2026, 11, 25, tzinfo=UTC)
PRICES = {("Training", "ml.g4dn.xlarge", 1): 0.99, ("Processing", "ml.m5.xlarge", 2): 0.6}
ALONE = Job("image", "ml.g4dn.xlarge x 1", 900, 0.99)


class SageMaker:
    """One run's training job, and the processing jobs of an account, the newest first."""

    def __init__(self, *processing_jobs: str) -> None:
        self._processing_jobs = processing_jobs

    def client(self, service: str, config: Any = None) -> SageMaker:
        return self

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        if TrainingJobName != "chitra--one":
            raise refused("DescribeTrainingJob")
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://bucket/datasets/{KEY}/train"}}
        return {
            "AlgorithmSpecification": {"TrainingImage": "image"},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
            "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1},
            "BillableTimeInSeconds": 900,
        }

    def list_processing_jobs(self, NameContains: str, **given: Any) -> dict[str, Any]:  # noqa: N803
        found = [name for name in self._processing_jobs if NameContains in name]
        return {"ProcessingJobSummaries": [{"ProcessingJobName": name} for name in found]}

    def describe_processing_job(self, ProcessingJobName: str) -> dict[str, Any]:  # noqa: N803
        if "refused" in self._processing_jobs:
            raise refused("DescribeProcessingJob")
        cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}
        times = {"ProcessingStartTime": BEGIN, "ProcessingEndTime": BEGIN + timedelta(minutes=3)}
        return {"ProcessingResources": {"ClusterConfig": cluster}, **times}


def refused(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)


def price(use: str, kind: str, count: int) -> float | None:
    return PRICES.get((use, kind, count))


MADE = f"chitra--dataset-{KEY[:16]}-1"


@pytest.mark.parametrize(
    ("there", "preprocessing"),
    [
        ((), None),
        ((f"other-chitra--dataset-{KEY[:16]}-1",), None),
        ((MADE, "refused"), None),
        ((MADE,), Preprocessing(180, 0.6)),
    ],
)
def test_should_price_the_job_that_made_the_dataset(
    there: tuple[str, ...], preprocessing: Preprocessing | None
) -> None:
    expected = Job(ALONE.image, ALONE.instance, 900, 0.99, preprocessing)
    assert describe_job(SageMaker(*there), "chitra--one", price) == expected  # type: ignore[arg-type]


def test_should_know_no_price_that_nobody_told() -> None:
    job = describe_job(SageMaker(MADE), "chitra--one")  # type: ignore[arg-type]
    assert job == Job(ALONE.image, ALONE.instance, 900, None, Preprocessing(180, None))


def test_should_do_without_a_job_that_is_not_there() -> None:
    assert describe_job(SageMaker(), "chitra--two") is None  # type: ignore[arg-type]
