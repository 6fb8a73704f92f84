"""What SageMaker says about a run's jobs: nice to know, never needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chitra.errors import WorkshopError
from chitra.visible import visible
from infra.names import KEY_DIGITS_IN_JOB
from workshop.aws.account import BRISK, Account
from workshop.aws.advice import AWS_ERRORS

TRAINING, PROCESSING = "Training", "Processing"  # the price list's words
PricePerHour = Callable[[str, str, int], float | None]  # of instances: what for, their type, how many


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """The job that made the run's dataset, for this run or for another. ``per_hour`` is in US dollars, if known."""

    billed_seconds: float
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """``billed_seconds`` is None until the training job has ended; ``per_hour`` is in US dollars, None if unknown."""

    image: str
    instance: str
    billed_seconds: float | None
    per_hour: float | None = None
    preprocessing: Preprocessing | None = None


def describe_job(account: Account, run: str, price: PricePerHour = lambda use, kind, count: None) -> Job | None:
    """None where it cannot be asked: without credentials, after the day, of another account."""
    try:
        sagemaker = account.client("sagemaker", config=BRISK)
        job = sagemaker.describe_training_job(TrainingJobName=run)
    except (WorkshopError, *AWS_ERRORS):
        return None
    resources = job["ResourceConfig"]
    kind, count = resources.get("InstanceType", ""), resources.get("InstanceCount", 1)
    return Job(
        visible(job["AlgorithmSpecification"].get("TrainingImage", "")),
        f"{kind} x {count}",
        job.get("BillableTimeInSeconds"),
        price(TRAINING, kind, count),
        _preprocessing(sagemaker, run, job, price),
    )


def _preprocessing(sagemaker: Any, run: str, training: dict[str, Any], price: PricePerHour) -> Preprocessing | None:
    """Found by the dataset's key, which the training job's channels name."""
    channels = training.get("InputDataConfig") or [{}]
    address = channels[0].get("DataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    key = address.rstrip("/").split("/")[-2] if address.count("/") > 3 else ""
    if len(key) < KEY_DIGITS_IN_JOB:
        return None
    prefix = f"{run.partition('--')[0]}--dataset-{key[:KEY_DIGITS_IN_JOB]}-"
    try:
        found = sagemaker.list_processing_jobs(NameContains=prefix, StatusEquals="Completed", SortBy="CreationTime")
        names = [each["ProcessingJobName"] for each in found["ProcessingJobSummaries"]]
        job = next((each for each in names if each.startswith(prefix)), None)
        if job is None:
            return None
        described = sagemaker.describe_processing_job(ProcessingJobName=job)
    except AWS_ERRORS:
        return None
    cluster, times = described["ProcessingResources"]["ClusterConfig"], ("ProcessingStartTime", "ProcessingEndTime")
    if not all(each in described for each in times):
        return None
    seconds = (described[times[1]] - described[times[0]]).total_seconds()
    return Preprocessing(seconds, price(PROCESSING, cluster["InstanceType"], cluster["InstanceCount"]))
