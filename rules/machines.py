"""State machines in templates, and the calls that their states make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rules.findings import Template, Templates
from rules.texts import text_of

STATE_MACHINE = "AWS::StepFunctions::StateMachine"
State = dict[str, Any]
Machine = dict[str, Any]  # with StartAt and States, as the Amazon States Language has them


@dataclass(frozen=True, slots=True)
class Call:
    """An AWS call of a state: ``service`` and ``operation`` in lower case, as ``sagemaker`` and ``createmodel``."""

    stack: str
    logical_id: str
    state: str
    service: str
    operation: str
    arguments: dict[str, Any]
    fields: State

    @property
    def place(self) -> str:
        return f"Properties.DefinitionString.States.{self.state}"


def machines(template: Template) -> Iterator[tuple[str, Machine]]:
    """Logical ids and definitions; references within are marks (``rules.texts``)."""
    for logical_id, resource in template.get("Resources", {}).items():
        if resource.get("Type") == STATE_MACHINE:
            properties = resource.get("Properties", {})
            if isinstance(properties.get("Definition"), dict):
                yield logical_id, properties["Definition"]
            elif (text := text_of(properties.get("DefinitionString"))) is not None:
                yield logical_id, json.loads(text)


def calls(templates: Templates) -> Iterator[Call]:
    """Of all states of all state machines, those within ``Parallel`` and ``Map`` too."""
    for stack, template in templates.items():
        for logical_id, machine in machines(template):
            for name, state in _states(machine):
                if called := called_by(state):
                    yield Call(stack, logical_id, name, *called, arguments_of(state), state)


def called_by(state: State) -> tuple[str, str] | None:
    """Service and operation of a task; None of other states, and of tasks that call no AWS service."""
    resource = str(state.get("Resource", "")) if state.get("Type") == "Task" else ""
    _, _, integration = resource.partition(":states:::")
    words = integration.removeprefix("aws-sdk:").split(":")
    return (words[0].lower(), words[1].partition(".")[0].lower()) if len(words) > 1 else None


def arguments_of(state: State) -> dict[str, Any]:
    """In JSONata they are called Arguments, in JSONPath Parameters."""
    given = state.get("Arguments", state.get("Parameters"))
    return given if isinstance(given, dict) else {}


def given(arguments: dict[str, Any], key: str) -> Any:
    """An argument; JSONPath writes ``.$`` behind the names of those that it computes."""
    return arguments.get(key, arguments.get(f"{key}.$"))


def inner_machines(state: State) -> list[Machine]:
    """Of a ``Parallel`` or ``Map``."""
    found = [*state.get("Branches", []), state.get("ItemProcessor"), state.get("Iterator")]
    return [machine for machine in found if isinstance(machine, dict)]


def _states(machine: Machine) -> Iterator[tuple[str, State]]:
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in inner_machines(state):
            yield from _states(inner)
