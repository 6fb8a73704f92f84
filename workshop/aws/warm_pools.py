"""Instances that training jobs which ended keep for the next one. They bill until their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

AVAILABLE = "Available"


def jobs_with_warm_pools(sagemaker: Any) -> Iterator[dict[str, Any]]:
    """Summaries of the jobs, of any workshop or none, whose instances wait."""
    for page in sagemaker.get_paginator("list_training_jobs").paginate(WarmPoolStatusEquals=AVAILABLE):
        yield from (job for job in page["TrainingJobSummaries"] if is_warm(job))


def is_warm(job: dict[str, Any]) -> bool:
    """Whether the instances of a job, as SageMaker lists or describes it, wait and bill."""
    return bool(job.get("WarmPoolStatus", {}).get("Status") == AVAILABLE)


def end_warm_pool(sagemaker: Any, job: str) -> None:
    """Give the instances back."""
    sagemaker.update_training_job(TrainingJobName=job, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
