"""Every SageMaker job that a state machine starts has a maximum run time."""

from __future__ import annotations

from collections.abc import Iterator

from rules.findings import Finding, Templates
from rules.machines import Call, calls, given

RULE = "job-has-maximum-run-time"
# Where the request holds its StoppingCondition.
STOPPED_BY = {
    "createtrainingjob": (),
    "createprocessingjob": (),
    "createcompilationjob": (),
    "createoptimizationjob": (),
    "createhyperparametertuningjob": ("TrainingJobDefinition",),
}
# Their requests know no such limit: the state that waits for them has one.
STOPPED_BY_THE_STATE = ("createtransformjob", "createautomljob", "createautomljobv2", "createlabelingjob")


def findings(templates: Templates) -> Iterator[Finding]:
    for call in calls(templates):
        if call.service != "sagemaker":
            continue
        if call.operation in STOPPED_BY and not _is_limited(call):
            member = ".".join((*STOPPED_BY[call.operation], "StoppingCondition.MaxRuntimeInSeconds"))
            yield _finding(call, f"give the request {member}")
        elif call.operation in STOPPED_BY_THE_STATE and not _has_timeout(call):
            yield _finding(call, "give the state TimeoutSeconds, and its resource .sync, so that it stops the job")


def _is_limited(call: Call) -> bool:
    request = call.arguments
    for key in STOPPED_BY[call.operation]:
        request = given(request, key) or {}
    condition = given(request, "StoppingCondition")
    limit = given(condition, "MaxRuntimeInSeconds") if isinstance(condition, dict) else None
    return (isinstance(limit, int) and limit > 0) or (isinstance(limit, str) and bool(limit))


def _has_timeout(call: Call) -> bool:
    return bool(call.fields.get("TimeoutSeconds")) and str(call.fields["Resource"]).endswith(".sync")


def _finding(call: Call, way_out: str) -> Finding:
    problem = f"state {call.state} starts a job that has no maximum run time, and so no upper limit of its cost"
    return Finding(RULE, call.stack, call.logical_id, call.place, problem, way_out)
