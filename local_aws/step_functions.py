"""Step Functions' integrations that MiniStack lacks: sagemaker with `.sync`, scheduler; and S3 and ECR under a role.

Calls are made as the state machine's role, over HTTP, so that its policies and the services' validation apply.
"""

from __future__ import annotations

import datetime
import json
import time
from contextvars import ContextVar
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from ministack.core.responses import json_response
from ministack.services import stepfunctions

from local_aws import recording
from local_aws.role_session import client, scope
from local_aws.spelling import as_the_api_spells, with_capitals
from local_aws.validation import problems_of_request, service_model

POLL_SECONDS = 0.3
SYNC = ".sync"
SDK_INTEGRATION = "arn:aws:states:::aws-sdk:"
JOBS = {f"create{kind}Job": f"{kind}Job" for kind in ("Processing", "Training", "HyperParameterTuning", "Transform")}
RULES = {  # of events that say how a job ended
    "createProcessingJob": "Processing",
    "createTrainingJob": "Training",
    "createHyperParameterTuningJob": "Tuning",
    "createTransformJob": "Transform",
}
# Members that the optimised integration does not pass on, though the API has them (reported for AWS, not documented).
NOT_OPTIMISED = {"createEndpointConfig": ("ServerlessConfig", "InferenceAmiVersion")}
PREFIXES = {
    **{"sagemaker": "SageMaker", "scheduler": "Scheduler", "s3": "S3", "ecr": "Ecr", "sfn": "Sfn"},
    "applicationautoscaling": "ApplicationAutoScaling",
}
BOTO3_NAMES = {
    "sfn": "stepfunctions",
    "applicationautoscaling": "application-autoscaling",
}  # where they differ from those in ARNs of integrations

_execution_arn: ContextVar[str] = ContextVar("execution_arn")
_run_execution = stepfunctions._run_execution
_start_execution = stepfunctions._start_execution
_fail_execution = stepfunctions._fail_execution


def install() -> None:
    """Register the integrations with MiniStack."""
    stepfunctions._run_execution = _run_execution_in_context
    stepfunctions._start_execution = _start_once
    stepfunctions._fail_execution = _fail_unless_aborted
    for prefix in ("sagemaker", *(f"aws-sdk:{service}" for service in PREFIXES)):
        stepfunctions._SERVICE_DISPATCH[f"arn:aws:states:::{prefix}:"] = _integrate


def _start_once(request: dict[str, Any]) -> Any:
    """Name and input of an execution that runs give that execution, and no error (API reference, StartExecution)."""
    machine = request.get("stateMachineArn", "").replace(":stateMachine:", ":execution:")
    known = stepfunctions._executions.get(f"{machine}:{request.get('name')}")
    if known and known["status"] == "RUNNING" and known["input"] == request.get("input", "{}"):
        return json_response({"executionArn": known["executionArn"], "startDate": known["startDate"]})
    return _start_execution(request)


def _fail_unless_aborted(execution: dict[str, Any], error: str, cause: str) -> None:
    """What was stopped stays stopped, whatever its job says afterwards."""
    if execution["status"] == "RUNNING":
        _fail_execution(execution, error, cause)


def _run_execution_in_context(execution_arn: str) -> None:
    _execution_arn.set(execution_arn)
    _run_execution(execution_arn)


def _integrate(resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Perform ``arn:aws:states:::[aws-sdk:]<service>:<action>[.sync]``."""
    is_optimised = not resource.startswith(SDK_INTEGRATION)
    service, action = resource.removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").split(":")
    sync = action.endswith(SYNC)
    action = action.removesuffix(SYNC)
    operation = action[0].upper() + action[1:]
    _note_parameters(arguments)
    if is_optimised:
        _refuse_unknown_to_the_optimised_integration(action, arguments)
    caller = _Caller(service, is_optimised)
    result = caller.call(operation, arguments)
    if not sync:
        return result
    # AWS's policy for `.sync` asks for this permission ("IAM policies for calling SageMaker AI").
    caller.call("ListTags", {"ResourceArn": result[f"{JOBS[action]}Arn"]})
    account, region = scope()
    rule = f"arn:aws:events:{region}:{account}:rule/StepFunctionsGetEventsForSageMaker{RULES[action]}JobsRule"
    recording.as_role(_state_machine_role(), recording.HEARS_OF_JOBS, rule)
    return _await_job(caller, JOBS[action], arguments)


def _note_parameters(arguments: dict[str, Any]) -> None:
    """In the history, where MiniStack leaves them out."""
    event = _execution()["events"][-1]
    if event["type"] == "TaskScheduled":
        event["taskScheduledEventDetails"]["parameters"] = json.dumps(arguments)


def _refuse_unknown_to_the_optimised_integration(action: str, arguments: dict[str, Any]) -> None:
    for variant in arguments.get("ProductionVariants", []):
        for member in NOT_OPTIMISED.get(action, ()):
            if member in variant:
                cause = f"The field {member!r} is not supported by Step Functions"
                raise stepfunctions._ExecutionError("States.Runtime", cause)


class _Caller:
    """Calls one service as the state machine's role; members of requests and answers begin with capitals."""

    def __init__(self, service: str, is_optimised: bool) -> None:
        self._service, self._is_optimised = service, is_optimised
        self._boto3_name = BOTO3_NAMES.get(service, service)
        self._api = client(self._boto3_name, _state_machine_role())
        self._model = service_model(self._boto3_name)

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        model = self._model.operation_model(operation)
        request = as_the_api_spells(arguments, model.input_shape)
        if problems := problems_of_request(self._boto3_name, operation, request):
            raise self._error("ValidationException", "; ".join(problems), 400)
        try:
            result = getattr(self._api, xform_name(operation))(**request)
        except ClientError as error:
            answer = error.response
            status = answer["ResponseMetadata"]["HTTPStatusCode"]
            raise self._error(answer["Error"]["Code"], answer["Error"]["Message"], status) from error
        except ParamValidationError as error:
            raise self._error("ValidationException", str(error), 400) from error
        result.pop("ResponseMetadata", None)
        plain: dict[str, Any] = json.loads(json.dumps(with_capitals(result, model.output_shape), default=_plain))
        return plain

    def _error(self, code: str, message: str, status: int) -> Exception:
        """As the SDK for Java calls it: by the API model's name, or all others by one name for the service."""
        prefix = PREFIXES[self._service]
        if code in {shape.name for shape in self._model.error_shapes}:
            name = f"{code.removesuffix('Exception')}Exception"
        else:
            name = f"{'Amazon' if self._is_optimised else ''}{prefix}Exception"
        error: Exception = stepfunctions._ExecutionError(
            f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status})"
        )
        return error


def _await_job(caller: _Caller, noun: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Poll until the job ends; stop it when the execution is aborted."""
    name = {f"{noun}Name": arguments[f"{noun}Name"]}
    stopping = False
    while True:
        job = caller.call(f"Describe{noun}", name)
        status = job[f"{noun}Status"]
        if status == "Completed":
            return job
        if status in ("Failed", "Stopped"):
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(job))
        if not stopping and _execution()["status"] != "RUNNING":
            stopping = True
            caller.call(f"Stop{noun}", name)
        time.sleep(POLL_SECONDS)


def _state_machine_role() -> str:
    machine = stepfunctions._state_machines[_execution()["stateMachineArn"]]
    role: str = machine["roleArn"]
    return role


def _execution() -> dict[str, Any]:
    execution: dict[str, Any] = stepfunctions._executions[_execution_arn.get()]
    return execution


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{value!r} has no place in a state's output")
