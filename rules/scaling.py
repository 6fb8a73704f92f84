"""What scales has an end in number, and an asynchronous endpoint a place for its answers."""

from __future__ import annotations

from collections.abc import Iterator

from rules.findings import Finding, Templates
from rules.machines import Call, calls, given

RULE = "endpoint-is-bounded"
REGISTER = ("applicationautoscaling", "registerscalabletarget")
CONFIGURE = ("sagemaker", "createendpointconfig")


def findings(templates: Templates) -> Iterator[Finding]:
    for call in calls(templates):
        if (call.service, call.operation) == REGISTER and not _is_bounded(call):
            problem = "lets something scale without an upper limit of its instances, and so of its cost"
            yield _finding(call, problem, "give the request MinCapacity and, at least as large, MaxCapacity")
        if (call.service, call.operation) == CONFIGURE and _lacks_a_place(call):
            problem = "configures an asynchronous endpoint whose answers and failures have no place"
            yield _finding(call, problem, "give AsyncInferenceConfig.OutputConfig S3OutputPath and S3FailurePath")


def _is_bounded(call: Call) -> bool:
    least, most = given(call.arguments, "MinCapacity"), given(call.arguments, "MaxCapacity")
    if isinstance(least, int) and isinstance(most, int):
        return 0 <= least <= most
    return bool(least) and bool(most)


def _lacks_a_place(call: Call) -> bool:
    asynchronous = given(call.arguments, "AsyncInferenceConfig")
    if not isinstance(asynchronous, dict):
        return False
    output = given(asynchronous, "OutputConfig")
    return not isinstance(output, dict) or not all(given(output, f"S3{what}Path") for what in ("Output", "Failure"))


def _finding(call: Call, problem: str, way_out: str) -> Finding:
    return Finding(RULE, call.stack, call.logical_id, call.place, f"state {call.state} {problem}", way_out)
