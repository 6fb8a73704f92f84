"""What SageMaker says about the job at work: its status, in SageMaker's words, and what it is billed for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.names import CLASSIFY_STATE, TRAIN_STATE, TUNE_STATE, WAIT_FOR_DATASET_STATE
from workshop.aws.account import Account
from workshop.aws.advice import is_denied
from workshop.aws.waiting import none_if_missing
from workshop.runs.costs import PROCESSING, TRAINING, TRANSFORM, Capacity, capacity_of_training

STARTING, TUNING = "Starting", "Tuning"
AT_WORK = ("InProgress", "Stopping")
NOUNS = {PROCESSING: "Processing", TRANSFORM: "Transform"}


@dataclass(frozen=True, slots=True)
class JobState:
    """``status`` is the secondary status of a training job; other jobs have a plain one, and ``Starting`` before.

    ``message`` is SageMaker's own remark on it. ``started`` to ``ended`` is billed, or ``billed_seconds``, which
    SageMaker tells at a training job's end. ``longest_seconds`` is where SageMaker stops the job, ``warm_seconds`` how
    long its instance waits for another one, paid for. ``own`` is False for another run's job, which made the dataset.
    """

    stage: str
    job: str
    status: str
    since: datetime | None
    message: str
    capacity: Capacity
    started: datetime | None
    ended: datetime | None
    billed_seconds: float | None
    longest_seconds: float | None
    warm_seconds: float
    own: bool


class JobLooks:
    """Looks at jobs, and tells what has changed; nothing where the caller may not look."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: JobState | None = None
        self._allowed = True

    def news(self, stage: str, job: str) -> Iterator[JobState]:
        """The job's state, when it is another than at the look before.

        Raises:
            AWS_ERRORS: AWS does not answer.
        """
        if not self._allowed:
            return
        looks = {TRAIN_STATE: _training_job, TUNE_STATE: _tuning_job, CLASSIFY_STATE: _transform_job}
        look = looks.get(stage, _processing_job)
        try:
            state = none_if_missing(lambda: look(self._account.client("sagemaker"), stage, job))
        except ClientError as error:
            if not is_denied(error):
                raise
            self._allowed = False
            return
        if state is not None and state != self._known:
            self._known = state
            yield state


def _training_job(sagemaker: Any, stage: str, name: str) -> JobState:
    job = sagemaker.describe_training_job(TrainingJobName=name)
    newest: dict[str, Any] = next(reversed(job.get("SecondaryStatusTransitions", [])), {})
    return JobState(
        stage,
        name,
        job["SecondaryStatus"],
        newest.get("StartTime"),
        " ".join(newest.get("StatusMessage", "").split()),
        capacity_of_training(job),
        job.get("TrainingStartTime"),
        job.get("TrainingEndTime"),
        job.get("BillableTimeInSeconds"),
        job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        job["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0),
        own=True,
    )


def _tuning_job(sagemaker: Any, stage: str, name: str) -> JobState:
    """Billed as if all instances that it may have at a time were at work from its beginning to its end."""
    job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    limits, trial = job["HyperParameterTuningJobConfig"]["ResourceLimits"], job["TrainingJobDefinition"]
    jobs, parallel = limits["MaxNumberOfTrainingJobs"], limits["MaxParallelTrainingJobs"]
    resources, status = trial["ResourceConfig"], job["HyperParameterTuningJobStatus"]
    return JobState(
        stage,
        name,
        TUNING if status == "InProgress" else status,
        job["CreationTime"],
        "",
        Capacity(resources["InstanceType"], resources["InstanceCount"] * parallel, TRAINING),
        job["CreationTime"],
        job.get("HyperParameterTuningEndTime"),
        None,
        trial["StoppingCondition"]["MaxRuntimeInSeconds"] * math.ceil(jobs / parallel),
        0,
        own=True,
    )


def _processing_job(sagemaker: Any, stage: str, name: str) -> JobState:
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return _plain_job(
        job, PROCESSING, cluster, stage, name, job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    )


def _transform_job(sagemaker: Any, stage: str, name: str) -> JobState:
    job = sagemaker.describe_transform_job(TransformJobName=name)
    return _plain_job(job, TRANSFORM, job["TransformResources"], stage, name, None)


def _plain_job(
    job: dict[str, Any], use: str, instances: dict[str, Any], stage: str, name: str, longest: float | None
) -> JobState:
    """Of a job without secondary statuses; its members begin with what it is, as in ``TransformJobStatus``."""
    kind = NOUNS[use]
    status, started, ended = job[f"{kind}JobStatus"], job.get(f"{kind}StartTime"), job.get(f"{kind}EndTime")
    return JobState(
        stage,
        name,
        STARTING if status == "InProgress" and started is None else status,
        ended or started or job.get("CreationTime"),
        "",
        Capacity(instances["InstanceType"], instances["InstanceCount"], use),
        started,
        ended,
        None,
        longest,
        0,
        own=stage != WAIT_FOR_DATASET_STATE,
    )
