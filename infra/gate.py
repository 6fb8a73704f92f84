"""The state machine by which one participant starts executions of the workflow: theirs, and no others.

IAM cannot restrict the name of an execution: StartExecution is allowed on a state machine as a whole. So with access
``scoped`` participants may not start the workflow, and each of them may start a gate of their own, which does.

Values in ``{% %}`` are JSONata, evaluated by Step Functions.
"""

from __future__ import annotations

import json
from typing import Any

from infra.jobs import Request
from infra.names import CORPUS_PREFIX, MODELS_PREFIX, Names

SECONDS = 120  # after which Step Functions ends it
START_STATE = "Start the workflow"
NAME = "$states.context.Execution.Name"


def gate_definition(names: Names, participant: str, *, workflow_arn: str, bucket: str) -> str:
    """In Amazon States Language; its execution and that of the workflow have one name."""
    runs, user = names.runs_of(participant), names.user(participant)
    begin = runs.removeprefix(names.run_prefix)
    corpora = [CORPUS_PREFIX, names.corpus_prefix(user)]
    models = f"s3://{bucket}/{MODELS_PREFIX}{runs}"
    refusals = [
        ("Input is no object", "$type($states.input) = 'object'", "the input is no object"),
        (
            "Name of others",
            f"$substring({NAME}, 0, {len(begin)}) = '{begin}'",
            f"runs of {participant} are called {runs}...",
        ),
        (
            "Corpus of others",
            f"$not($exists($states.input.corpus)) or $states.input.corpus in {json.dumps(corpora)}",
            f"{participant} may train on {' and '.join(corpora)}",
        ),
        (
            "Model of others",
            f"$not($exists($states.input.artefact)) or $contains($states.input.artefact, '{models}') "
            f"and $substringBefore($states.input.artefact, '{models}') = ''",
            f"{participant} may serve models of {runs}... only",
        ),
    ]
    choices = [{"Condition": f"{{% $not({allowed}) %}}", "Next": state} for state, allowed, _ in refusals]
    states: dict[str, Any] = {"Look": {"Type": "Choice", "Choices": choices, "Default": START_STATE}}
    states |= {state: {"Type": "Fail", "Error": "NotYours", "Cause": cause} for state, _, cause in refusals}
    states[START_STATE] = _start(names.runner(participant), workflow_arn)
    definition = {"QueryLanguage": "JSONata", "StartAt": "Look", "TimeoutSeconds": SECONDS, "States": states}
    return json.dumps(definition, ensure_ascii=False)


def _start(runner: str, workflow_arn: str) -> Request:
    """Whatever the input says about it, the execution is this participant's."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution",
        "Arguments": {
            "StateMachineArn": workflow_arn,
            "Name": f"{{% {NAME} %}}",
            "Input": f"{{% $string($merge([$states.input, {{'participant': '{runner}'}}])) %}}",
        },
        "Retry": [
            {"ErrorEquals": ["Sfn.ExecutionAlreadyExistsException"], "MaxAttempts": 0},
            {
                "ErrorEquals": ["Sfn.SfnException"],
                "IntervalSeconds": 2,
                "MaxAttempts": 4,
                "BackoffRate": 2,
                "JitterStrategy": "FULL",
            },
        ],
        "End": True,
    }
