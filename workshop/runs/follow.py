"""Follows an execution: its stages, its waiting at a quota, and the log of the job at work."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chitra.errors import WorkshopError
from infra.names import CLASSIFY_STATE, PREPROCESS_STATE, TRAIN_STATE, TUNE_STATE, WAIT_FOR_DATASET_STATE
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice, is_passing
from workshop.aws.log_groups import PROCESSING_LOGS, TRAINING_LOGS, TRANSFORM_LOGS
from workshop.aws.log_lines import Written, new_lines
from workshop.runs.history import InLine, begin_of, in_line, jobs_in, reason_of, stages_in
from workshop.runs.job_state import AT_WORK, JobLooks, JobState
from workshop.runs.run import Run
from workshop.runs.tuning import TrialReader, trials_of

LOG_GROUPS = {
    PREPROCESS_STATE: PROCESSING_LOGS,
    WAIT_FOR_DATASET_STATE: PROCESSING_LOGS,
    TRAIN_STATE: TRAINING_LOGS,
    CLASSIFY_STATE: TRANSFORM_LOGS,
}
TAIL_LINES = 15
HISTORY_PAGE = 1000  # events: the most that one call gives
# CloudWatch Logs answers some five DescribeLogStreams a second in an account: thirty people who follow ask two.
POLL_SECONDS = 15.0
JITTER = 0.2  # of the interval, so that those who started together do not ask together
LATE_SECONDS = 3.0  # in which the last lines reach the log


@dataclass(frozen=True, slots=True)
class StageStarted:
    """``begin`` is None where AWS does not say when that was."""

    name: str
    begin: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LogLine:
    """``stage`` may be the one before: its last lines come late. ``at`` is when it was written, where that is known."""

    stage: str
    text: str
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    stage: str
    why: InLine


@dataclass(frozen=True, slots=True)
class OutOfSight:
    """AWS did not answer for now; the run goes on, and so does this."""

    stage: str
    why: str


Event = StageStarted | LogLine | JobState | Waiting | OutOfSight


class RunFailedError(WorkshopError):
    """The execution ended without success. ``at`` is when it did, where AWS says so."""

    def __init__(self, stage: str, reason: str, tail: list[str], at: datetime | None = None) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage, self.reason, self.tail, self.at = stage, reason, tail, at


def follow_run(account: Account, run: Run, *, poll_seconds: float = POLL_SECONDS) -> Iterator[Event]:
    """Yield what happens until the execution ends; what passes by itself, as a network that is gone, ends nothing.

    Raises:
        RunFailedError: names the stage and the reason, with the end of the job's log.
        AWS_ERRORS: AWS refuses for good, say because a permission is missing.
    """
    states = account.client("stepfunctions")
    follower = _Follower(account, run)
    ended, in_sight = False, True
    while True:
        try:
            execution = states.describe_execution(executionArn=run.execution_arn)
            yield from follower.look(last=ended)
            in_sight = True
        except AWS_ERRORS as error:
            if not is_passing(error):
                raise
            if in_sight:
                yield OutOfSight(follower.stage, advice(error))
            in_sight = False
            pause(poll_seconds)
            continue
        if ended:
            break
        ended = execution["status"] != "RUNNING"
        pause(min(poll_seconds, LATE_SECONDS) if ended else poll_seconds)
    if execution["status"] != "SUCCEEDED":
        raise RunFailedError(follower.stage, reason_of(execution), follower.tail, execution.get("stopDate"))


def follow_training_job(account: Account, name: str, *, poll_seconds: float = POLL_SECONDS) -> Iterator[Event]:
    """The same of a training job by itself, whose stages are its secondary statuses.

    Raises:
        AWS_ERRORS: AWS refuses for good.
    """
    sagemaker, reader = account.client("sagemaker"), LogReader(account.client("logs"), TRAINING_LOGS)
    stage, ended, in_sight = "", False, True
    while True:
        try:
            job = sagemaker.describe_training_job(TrainingJobName=name)
            lines = list(reader.new_lines(name))
            in_sight = True
        except AWS_ERRORS as error:
            if not is_passing(error):
                raise
            if in_sight:
                yield OutOfSight(stage, advice(error))
            in_sight = False
            pause(poll_seconds)
            continue
        if job["SecondaryStatus"] != stage:
            stage = job["SecondaryStatus"]
            yield StageStarted(stage)
        yield from (LogLine(stage, line.text, line.at) for line in lines)
        if ended:
            return
        ended = job["TrainingJobStatus"] not in AT_WORK
        pause(min(poll_seconds, LATE_SECONDS) if ended else poll_seconds)


def read_logs(account: Account, run: Run) -> Iterator[LogLine]:
    """All that the run's jobs have written so far."""
    logs, read = account.client("logs"), set[str]()
    events = _history(account.client("stepfunctions"), run)
    for stage, job in jobs_in(events).items():
        if job in read:
            continue
        read.add(job)
        if stage in LOG_GROUPS:
            yield from _lines_of(logs, stage, stage, job)
        elif stage == TUNE_STATE:
            for trial in trials_of(account.client("sagemaker"), job):
                yield from _lines_of(logs, TRAIN_STATE, f"{stage} {trial.number}", trial.job)


def _lines_of(logs: Any, stage: str, title: str, job: str) -> Iterator[LogLine]:
    lines = LogReader(logs, LOG_GROUPS[stage]).new_lines(job)
    return (LogLine(title, line.text, line.at) for line in lines)


def _history(states: Any, run: Run) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=run.execution_arn, PaginationConfig={"PageSize": HISTORY_PAGE}
    )
    return [event for page in pages for event in page["events"]]


def pause(seconds: float) -> None:
    time.sleep(seconds * (1 + JITTER * random.uniform(-1, 1)))  # noqa: S311


class _Follower:
    """What was seen of one execution so far."""

    def __init__(self, account: Account, run: Run) -> None:
        self._states, self._logs, self._run = account.client("stepfunctions"), account.client("logs"), run
        self._account = account
        self._known, self._jobs = 0, dict[str, str]()
        self._job_looks = JobLooks(account)
        self._waiting: InLine | None = None
        self._reader: tuple[str, LogReader | TrialReader] | None = None  # of the newest stage that has a log
        self.stage, self.tail = "Start", list[str]()

    def look(self, *, last: bool) -> Iterator[Event]:
        """Read the history, then the job and the log of the stage at work: once more when it has ended, and at the
        ``last`` look."""
        events = _history(self._states, self._run)
        self._jobs = jobs_in(events)
        entered = stages_in(events)[self._known :]
        if entered or last or (self._reader and self._reader[0] == self.stage):
            yield from self._of_the_job()
        for name in entered:
            self._known += 1
            self.stage, self.tail = name, []
            yield StageStarted(name, begin_of(name, events))
            if name in LOG_GROUPS or name == TUNE_STATE:
                self._reader = (name, self._reader_of(name))
                yield from self._of_the_job()
        waiting = in_line(events)
        if waiting and waiting != self._waiting:
            yield Waiting(self.stage, waiting)
        self._waiting = waiting

    def _reader_of(self, stage: str) -> LogReader | TrialReader:
        if stage == TUNE_STATE:
            return TrialReader(self._account.client("sagemaker"))
        return LogReader(self._logs, LOG_GROUPS[stage])

    def _of_the_job(self) -> Iterator[JobState | LogLine]:
        """What is new about the newest job, and in its log."""
        if self._reader is None:
            return
        stage, reader = self._reader
        if stage in self._jobs:
            yield from self._job_looks.news(stage, self._jobs[stage])
        if stage == TUNE_STATE and stage not in self._jobs:
            return
        for line in reader.new_lines(self._jobs.get(stage, self._run.name)):
            if stage == self.stage:
                self.tail = [*self.tail, line.text][-TAIL_LINES:]
            yield LogLine(stage, line.text, line.at)


class LogReader:
    """Reads the lines that a job's log streams got since the last look."""

    def __init__(self, logs: Any, group: str) -> None:
        self._logs = logs
        self._group = group
        self._tokens: dict[str, str] = {}

    def new_lines(self, job: str) -> Iterator[Written]:
        try:
            streams = self._logs.describe_log_streams(logGroupName=self._group, logStreamNamePrefix=f"{job}/")
        except self._logs.exceptions.ResourceNotFoundException:
            return
        for name in (stream["logStreamName"] for stream in streams["logStreams"]):
            lines, self._tokens[name] = new_lines(self._logs, self._group, name, self._tokens.get(name, ""))
            yield from lines
