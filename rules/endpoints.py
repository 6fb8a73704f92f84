"""Every endpoint that a state machine makes has its end scheduled before: on every way to it, whatever fails.

Ways are walked as Step Functions would: a variable that a state sets to a text decides a choice that compares it with
one, so the way back to a call that failed is not taken for a way around the schedule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rules.findings import Finding, Templates
from rules.machines import Machine, State, arguments_of, called_by, inner_machines, machines

RULE = "endpoint-expires"
IS_TEXT = re.compile(r"^\{% *\$(\w+) *= *'([^']*)' *%\}$")
Known = frozenset[tuple[str, str]]  # variables that hold a text which is known


def findings(templates: Templates) -> Iterator[Finding]:
    for stack, template in templates.items():
        for logical_id, machine in machines(template):
            for state in sorted(set(endless(machine))):
                yield Finding(
                    RULE,
                    stack,
                    logical_id,
                    f"Properties.DefinitionString.States.{state}",
                    f"state {state} makes an endpoint on a way on which nothing has scheduled its end",
                    "put a state before it that calls scheduler:createSchedule for sagemaker:deleteEndpoint, "
                    "and let no Catch lead around that state",
                )


def endless(machine: Machine) -> Iterator[str]:
    """States that make an endpoint, and that are reached without a schedule."""
    ways: list[tuple[str, Known]] = [(str(machine.get("StartAt")), frozenset())]
    seen = set(ways)
    while ways:
        name, known = ways.pop()
        state = machine.get("States", {}).get(name, {})
        if called_by(state) == ("sagemaker", "createendpoint"):
            yield name
        for inner in inner_machines(state):
            yield from endless(inner)
        for way in _next(state, known):
            if way not in seen:
                seen.add(way)
                ways.append(way)


def _next(state: State, known: Known) -> Iterator[tuple[str, Known]]:
    """Where a state leads as long as nothing is scheduled."""
    for catcher in state.get("Catch", []):
        yield str(catcher.get("Next")), _assigned(known, catcher)
    for choice in state.get("Choices", []):
        holds = _holds(choice, known)
        if holds is not False:
            yield str(choice.get("Next")), _assigned(_assigned(known, state), choice)
        if holds:
            return
    if not schedules_end(state):
        for key in ("Next", "Default"):
            if key in state:
                yield str(state[key]), _assigned(known, state)


def schedules_end(state: State) -> bool:
    """Whether a state, when it succeeds, leaves a schedule that deletes an endpoint."""
    target = arguments_of(state).get("Target", {})
    arn = str(target.get("Arn", "")) if isinstance(target, dict) else ""
    return called_by(state) == ("scheduler", "createschedule") and arn.lower().endswith(":sagemaker:deleteendpoint")


def _holds(choice: dict[str, Any], known: Known) -> bool | None:
    """None where it cannot be known."""
    compared = IS_TEXT.match(str(choice.get("Condition", "")))
    values = dict(known)
    return values[compared[1]] == compared[2] if compared and compared[1] in values else None


def _assigned(known: Known, fields: dict[str, Any]) -> Known:
    """What is known after the ``Assign`` of a state, a catcher or a choice; texts in ``{% %}`` are not."""
    values = dict(known)
    for name, value in fields.get("Assign", {}).items():
        values.pop(name, None)
        if isinstance(value, str) and not value.startswith("{%"):
            values[name] = value
    return frozenset(values.items())
