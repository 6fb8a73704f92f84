"""docs/permissions.md: what each principal calls, from the table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.settings import PROJECT
from permissions.needed import read_reasons
from permissions.principals import (
    DEPLOYER,
    EXECUTION,
    OF_THE_CDK,
    ORGANISER,
    PARTICIPANT,
    SCOPED,
    WORKFLOW,
)
from permissions.recorded import Call

PAGE = PROJECT / "docs" / "permissions.md"
HEAD = Path(__file__).with_name("head.md")
ORDER = (
    DEPLOYER,
    OF_THE_CDK,
    ORGANISER,
    PARTICIPANT,
    "execution role",
    "preprocessing role",
    "workflow role",
    "gate role",
    "expiry role",
    "image build role",
)
ABOUT = {
    DEPLOYER: "Whoever runs `make deploy`: the bootstrap with their own permissions, the rest by the CDK's roles.",
    ORGANISER: "Whoever runs the workshop's commands with more than a participant's key.",
    PARTICIPANT: "With the key from the organiser: the commands, the notebooks, SageMaker's Python SDK.",
    f"{PARTICIPANT} {SCOPED}": "The same commands, notebooks and SDK, on what is their own.",
    "participant's job role": "With access scoped, what SageMaker does for a participant's job or endpoint.",
    EXECUTION: "What SageMaker does for a job or an endpoint: data, image, log, metrics.",
    f"{EXECUTION} {SCOPED}": "The same, of the organiser's own jobs and endpoints alone.",
    "preprocessing role": "With access scoped, what SageMaker does for the jobs that make datasets.",
    WORKFLOW: "What the state machine does.",
    f"{WORKFLOW} {SCOPED}": "The same, with the roles of participants' jobs besides.",
    "gate role": "What participants' gates to the workflow do, with access scoped.",
    "expiry role": "What EventBridge Scheduler does when an endpoint's time is over.",
    "image build role": "What CodeBuild does, with `image_source: codebuild` only.",
}
QUIET = ("aws:TagKeys",)  # told by the tags themselves


def page(calls: Mapping[Call, set[str]]) -> str:
    parts = [HEAD.read_text(encoding="utf-8").rstrip()]
    for principal in sorted({call.principal for call in calls}, key=_rank):
        own = {call: stages for call, stages in calls.items() if call.principal == principal}
        parts.append(_section(principal, own))
    return "\n\n".join([*parts, _reasons()]) + "\n"


def _section(principal: str, calls: Mapping[Call, set[str]]) -> str:
    title = principal[:1].upper() + principal[1:]
    lines = [f"## {title}", "", *([ABOUT[principal], ""] if principal in ABOUT else [])]
    lines += _table({call: stages for call, stages in calls.items() if call.allowed})
    refused = {call: stages for call, stages in calls.items() if not call.allowed}
    if refused:
        lines += ["", "Tried and refused; the command goes on without, or says so:", "", *_table(refused)]
    return "\n".join(lines)


def _table(calls: Mapping[Call, set[str]]) -> list[str]:
    """What is on several resources under the same conditions, for the sake of the same, is one row."""
    conditions: dict[tuple[str, str], set[str]] = defaultdict(set)
    stages: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call, where in calls.items():
        conditions[call.action, call.resource] |= _conditions(call)
        stages[call.action, call.resource] |= where
    resources: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for action, resource in sorted(stages):
        key = (action, _cell(conditions[action, resource]), _cell(stages[action, resource]))
        resources[key].append(f"`{resource}`")
    rows = [f"| `{action}` | {_cell(on)} | {when} | {where} |" for (action, when, where), on in resources.items()]
    return ["| action | on | with | where |", "|---|---|---|---|", *rows]


def _conditions(call: Call) -> set[str]:
    conditions = {key: value for key, value in json.loads(call.conditions).items() if key not in QUIET}
    return {f"`{key}` = `{_text(value)}`" for key, value in conditions.items()}


def _text(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _cell(texts: Iterable[str]) -> str:
    return "<br>".join(sorted(texts))


def _rank(principal: str) -> tuple[int, str]:
    fitting = (number for number, name in enumerate(ORDER) if principal.startswith(name))
    return next(fitting, len(ORDER)), principal


def _reasons() -> str:
    lines = [
        "## Allowed, and needed by no call above",
        "",
        "| policy | action | why it stays |",
        "|---|---|---|",
        *(f"| `{each['policy']}` | `{each['action']}` | {each['reason']} |" for each in read_reasons()),
    ]
    return "\n".join(lines)
