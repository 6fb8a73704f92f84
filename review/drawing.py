"""State machines as drawings, where a change gives one another shape."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from review.cdk_words import Words
from review.details import joined
from review.sides import Side

Arrow = tuple[str, str, str]  # from, to, what is written on it
# What ends a job or a schedule, or says how much of something there is.
LIMITS = (
    *("MaxRuntimeInSeconds", "MaxWaitTimeInSeconds", "TimeoutSeconds", "ScheduleExpression", "InstanceType"),
    *("InstanceCount", "MaxCapacity", "MaxNumberOfTrainingJobs"),
)
_START, _END = "(start)", "(end)"  # no state is called so


@dataclass(frozen=True)
class Drawing:
    """Both shapes of one state machine, in Mermaid."""

    name: str
    before: str
    after: str


def drawings_between(base: Side, head: Side) -> list[Drawing]:
    """Of the state machines on both sides whose states or arrows differ."""
    before, after = _machines(base), _machines(head)
    found = []
    for name in sorted(before.keys() & after.keys()):
        old, new = list(_arrows(before[name])), list(_arrows(after[name]))
        if set(old) != set(new):
            found.append(Drawing(name, _mermaid(old, new), _mermaid(new, old)))
    return found


def is_expiry_removed(base: Side, head: Side) -> bool:
    """Whether a state machine no longer schedules something, such as the end of an endpoint."""
    before, after = _scheduled(base), _scheduled(head)
    return any(before[key] - after[key] for key in before.keys() & after.keys())


def limits_of(side: Side) -> list[tuple[str, str]]:
    """Whatever ends or counts what state machines start, and where it stands."""
    return sorted(each for machine in _machines(side).values() for each in _limits("", machine))


def _limits(path: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, each in value.items():
                if key.removesuffix(".$") in LIMITS:
                    yield f"{path}.{key}", json.dumps(each, sort_keys=True)
                yield from _limits(f"{path}.{key}", each)
        case list():
            for number, each in enumerate(value):
                yield from _limits(f"{path}[{number}]", each)


def _scheduled(side: Side) -> dict[tuple[str, str], Counter[str]]:
    """What each state machine schedules, whatever its construct is called."""
    return {key: Counter(_schedules(machine)) for key, (_, machine) in _read_machines(side).items()}


def _schedules(machine: dict[str, Any]) -> Iterator[str]:
    """Target and state of each schedule that is made, within Parallel and Map states, too."""
    for state in machine.get("States", {}).values():
        if str(state.get("Resource", "")).endswith(":scheduler:createSchedule"):
            given = state.get("Arguments", state.get("Parameters", {}))
            yield f"{given.get('Target', {}).get('Arn')} {given.get('State', 'ENABLED')}"
        for inner in _inner(state):
            yield from _schedules(inner)


def _machines(side: Side) -> dict[str, dict[str, Any]]:
    """The definitions that are JSON, by the state machines' names."""
    return dict(_read_machines(side).values())


def _read_machines(side: Side) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """By stack and logical id: name and definition."""
    words = Words(side)
    found = {}
    for stack, name in side.stacks().items():
        for logical_id, resource in side.templates[name].get("Resources", {}).items():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                text = joined(words, stack, resource.get("Properties", {}).get("DefinitionString", ""))
                with suppress(ValueError):
                    found[stack, logical_id] = words.resource(stack, logical_id), json.loads(text)
    return found


def _arrows(machine: dict[str, Any]) -> Iterator[Arrow]:
    """Of a machine, and of those within its Parallel and Map states."""
    if start := machine.get("StartAt"):
        yield _START, start, ""
    for name, state in machine.get("States", {}).items():
        if "Next" in state:
            yield name, state["Next"], ""
        for choice in state.get("Choices", []):
            yield name, choice["Next"], "if"
        if "Default" in state:
            yield name, state["Default"], "else"
        for caught in state.get("Catch", []):
            yield name, caught["Next"], "error"
        if state.get("End") or state["Type"] in ("Succeed", "Fail"):
            yield name, _END, ""
        for inner in _inner(state):
            for begin, end, label in _arrows(inner):
                yield name if begin == _START else begin, end, "each" if begin == _START else label


def _inner(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (*state.get("Branches", []), state.get("ItemProcessor", {}), state.get("Iterator", {}))


def _mermaid(arrows: list[Arrow], others: list[Arrow]) -> str:
    """States that the other side lacks are marked."""
    states = list(dict.fromkeys(state for begin, end, _ in arrows for state in (begin, end)))
    elsewhere = {state for begin, end, _ in others for state in (begin, end)}
    ids = {state: f"s{number}" for number, state in enumerate(states)}
    lines = ["flowchart TD"]
    lines += [f'  {ids[state]}["{state.replace(chr(34), chr(39))}"]' for state in states]
    for begin, end, label in dict.fromkeys(arrows):
        lines.append(f"  {ids[begin]} -->{f'|{label}|' if label else ''} {ids[end]}")
    if marked := [ids[state] for state in states if state not in elsewhere]:
        lines += ["  classDef only stroke-width:4px,stroke-dasharray:6", f"  class {','.join(marked)} only"]
    return "\n".join(lines)
