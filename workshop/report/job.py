"""What SageMaker says about a run's training job: nice to know, never needed."""

from __future__ import annotations

from dataclasses import dataclass

from chitra.errors import WorkshopError
from chitra.visible import visible
from workshop.aws.account import BRISK, Account
from workshop.aws.advice import AWS_ERRORS


@dataclass(frozen=True, slots=True)
class Job:
    """``billed_seconds`` is None until the job has ended."""

    image: str
    instance: str
    billed_seconds: float | None


def describe_job(account: Account, run: str) -> Job | None:
    """None where it cannot be asked: without credentials, after the day, of another account."""
    try:
        job = account.client("sagemaker", config=BRISK).describe_training_job(TrainingJobName=run)
    except (WorkshopError, *AWS_ERRORS):
        return None
    resources = job["ResourceConfig"]
    count = resources.get("InstanceCount", 1)
    return Job(
        visible(job["AlgorithmSpecification"].get("TrainingImage", "")),
        f"{resources.get('InstanceType', '')} x {count}",
        job.get("BillableTimeInSeconds"),
    )
