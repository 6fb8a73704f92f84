"""Executions of the workflow: started, found again, stopped."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chitra.errors import WorkshopError
from chitra.nearest import did_you_mean
from infra.names import CORPUS_PREFIX
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS
from workshop.aws.deployment import Deployment
from workshop.aws.run_names import check_run_name, full_name
from workshop.aws.waiting import none_if_missing
from workshop.runs.history import reason_of

GATE_SECONDS = 0.5  # between two looks at a gate, which takes about a second


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. ``name`` is what its jobs, model and endpoint are called."""

    execution_arn: str
    name: str


def start_run(
    account: Account,
    deployment: Deployment,
    *,
    hyperparameters: dict[str, str],
    endpoint: bool,
    name: str,
    corpus: str = CORPUS_PREFIX,
    tuning: dict[str, Any] | None = None,
) -> Run:
    """Start one execution with overrides of the deployed hyperparameters; ``corpus`` is a prefix in the bucket.

    ``tuning`` is what infra/tuning.py describes.
    """
    request = {"hyperparameters": hyperparameters, "endpoint": endpoint, "corpus": corpus}
    request |= {"tuning": tuning} if tuning else {}
    return start_execution(account, deployment, check_run_name(deployment.full_name(name)), request)


def start_execution(account: Account, deployment: Deployment, name: str, request: dict[str, Any]) -> Run:
    """Start an execution of the workflow under the name of a run.

    Step Functions answers with the running execution when somebody starts the same name with the same input, as if it
    were theirs: a number that nobody else has makes every input another.

    Raises:
        WorkshopError: there was such a run; names are free again after 90 days. Or the caller may not call a run so.
    """
    if not name.startswith(deployment.run_prefix):
        raise WorkshopError(f"run {name}: your runs are called {deployment.run_prefix}... Choose another --name.")
    execution = name.removeprefix(deployment.names.run_prefix)
    states = account.client("stepfunctions")
    try:
        started = states.start_execution(
            stateMachineArn=deployment.gate or deployment.workflow,
            name=execution,
            input=json.dumps({**request, "id": uuid.uuid4().hex}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
            raise
        raise WorkshopError(f"run {name}: there is one of this name already. Choose another --name.") from error
    if not deployment.gate:
        return Run(started["executionArn"], name)
    try:
        _pass_gate(states, started["executionArn"], name)
    except (KeyboardInterrupt, *AWS_ERRORS) as error:
        raise WorkshopError(
            f"run {name}: may have started, and costs money then. Look: `.venv/bin/workshop follow {name}`; end it: "
            f"`.venv/bin/workshop stop {name}`."
        ) from error
    return Run(execution_of(deployment.workflow, execution), name)


def _pass_gate(states: Any, gate_execution: str, name: str) -> None:
    """Wait some moments until the gate has started the workflow.

    Raises:
        WorkshopError: it refused.
    """
    while (execution := states.describe_execution(executionArn=gate_execution))["status"] == "RUNNING":
        time.sleep(GATE_SECONDS)
    if execution["status"] != "SUCCEEDED":
        raise WorkshopError(f"run {name}: was not started: {' '.join(reason_of(execution).split())}")


def execution_of(machine: str, name: str) -> str:
    """ARN of a state machine's execution."""
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


def find_run(account: Account, deployment: Deployment, name: str) -> Run:
    """The run that was started under this name.

    Raises:
        WorkshopError: there is none; Step Functions forgets executions after 90 days.
    """
    arn = execution_of(deployment.workflow, name.removeprefix(deployment.names.run_prefix))
    states = account.client("stepfunctions")
    if none_if_missing(lambda: states.describe_execution(executionArn=arn)) is None:
        raise WorkshopError(
            f"run {name}: there is none. `.venv/bin/workshop status` lists those of the last 90 days."
            f"{did_you_mean(name, _newest_runs(states, deployment))}"
        )
    return Run(arn, name)


def _newest_runs(states: Any, deployment: Deployment) -> list[str]:
    """Some hundred names; none where AWS does not show them."""
    try:
        executions = states.list_executions(stateMachineArn=deployment.gate or deployment.workflow)["executions"]
    except AWS_ERRORS:
        return []
    return [full_name(deployment.names, each["name"]) for each in executions]


def stop_run(account: Account, run: Run) -> str:
    """End the execution, which ends the job that it waits for; returns the state in which it was found."""
    states = account.client("stepfunctions")
    status = str(states.describe_execution(executionArn=run.execution_arn)["status"])
    if status == "RUNNING":
        cause = f"stopped by {account.caller['Arn']}"
        states.stop_execution(executionArn=run.execution_arn, error="Stopped", cause=cause)
    return status
