"""Starts an execution of the workflow and follows it: stages, and the log of the job at work."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chitra.errors import WorkshopError
from infra.names import CORPUS_PREFIX, PREPROCESS_STATE, TRAIN_STATE
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.log_groups import PROCESSING_LOGS, TRAINING_LOGS

LOG_GROUPS = {PREPROCESS_STATE: PROCESSING_LOGS, TRAIN_STATE: TRAINING_LOGS}
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. ``name`` is what its jobs, model and endpoint are called."""

    execution_arn: str
    name: str


@dataclass(frozen=True, slots=True)
class StageStarted:
    name: str


@dataclass(frozen=True, slots=True)
class LogLine:
    stage: str
    text: str


Event = StageStarted | LogLine


class RunFailedError(WorkshopError):
    """The execution ended without success."""

    def __init__(self, stage: str, reason: str, tail: list[str]) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage, self.reason, self.tail = stage, reason, tail


def start_run(
    account: Account,
    deployment: Deployment,
    *,
    hyperparameters: dict[str, str],
    endpoint: bool,
    name: str | None = None,
    corpus: str = CORPUS_PREFIX,
) -> Run:
    """Start one execution with overrides of the deployed hyperparameters; ``corpus`` is a prefix in the bucket."""
    execution = name or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    started = account.client("stepfunctions").start_execution(
        stateMachineArn=deployment.workflow,
        name=execution,
        input=json.dumps({"hyperparameters": hyperparameters, "endpoint": endpoint, "corpus": corpus}),
    )
    return Run(started["executionArn"], deployment.names.run_prefix + execution)


def follow_run(account: Account, run: Run, *, poll_seconds: float = 5.0) -> Iterator[Event]:
    """Yield what happens until the execution ends.

    Raises:
        RunFailedError: names the stage and the reason, with the end of the job's log.
    """
    states = account.client("stepfunctions")
    logs = account.client("logs")
    stage, tail, readers = "Start", list[str](), dict[str, _LogReader]()
    known, ended = 0, False
    while True:
        status = states.describe_execution(executionArn=run.execution_arn)["status"]
        stages = _stages(states, run)
        for name in stages[known:]:
            stage, tail = name, []
            yield StageStarted(name)
        known = len(stages)
        for group_stage in [name for name in dict.fromkeys(stages) if name in LOG_GROUPS]:
            reader = readers.setdefault(group_stage, _LogReader(logs, LOG_GROUPS[group_stage], run.name))
            for line in reader.new_lines():
                tail = [*tail, line][-TAIL_LINES:]
                yield LogLine(group_stage, line)
        if ended:
            break
        ended = status != "RUNNING"  # the last lines reach the log after the end: one more look
        time.sleep(poll_seconds)
    if status != "SUCCEEDED":
        raise RunFailedError(stage, _reason(states, run, status), tail)


def _stages(states: Any, run: Run) -> list[str]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=run.execution_arn)
    return [
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]


def _reason(states: Any, run: Run, status: str) -> str:
    execution = states.describe_execution(executionArn=run.execution_arn)
    cause = execution.get("cause") or f"the execution ended as {status}"
    try:
        job = json.loads(cause)
    except (ValueError, RecursionError):
        return str(cause)
    reasons = [job.get(key) for key in ("ExitMessage", "FailureReason")] if isinstance(job, dict) else []
    return "; ".join(str(reason) for reason in reasons if reason) or str(cause)


class _LogReader:
    """Reads the lines that a job's log streams got since the last look."""

    def __init__(self, logs: Any, group: str, run_name: str) -> None:
        self._logs = logs
        self._group = group
        self._prefix = f"{run_name}/"
        self._tokens: dict[str, str] = {}

    def new_lines(self) -> list[str]:
        try:
            streams = self._logs.describe_log_streams(logGroupName=self._group, logStreamNamePrefix=self._prefix)
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        return [line for stream in streams["logStreams"] for line in self._read(stream["logStreamName"])]

    def _read(self, stream: str) -> list[str]:
        """Pages may be empty with more behind them; the end is a token that repeats (GetLogEvents)."""
        lines: list[str] = []
        while True:
            token = {"nextToken": self._tokens[stream]} if stream in self._tokens else {}
            page = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True, **token
            )
            lines += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == self._tokens.get(stream):
                return lines
            self._tokens[stream] = page["nextForwardToken"]
