"""Whose an execution is, and what that participant has already."""

from __future__ import annotations

from typing import Any

from infra import caps
from infra.names import Names
from tests.infra.test_jobs import evaluate

NAMES = Names("chitra")


def of(name: str, **given: Any) -> dict[str, Any]:
    """The variables of an execution of that name."""
    states = {"input": given, "context": {"Execution": {"Name": name}}}
    return {**evaluate(caps.caps_variables(), {}, states), "states": states}


def others(name: str, running: list[str], **given: Any) -> list[str]:
    variables = of(name, **given)
    listed = {"Executions": [{"Name": each, "StartDate": 1} for each in running]}
    states = {**variables["states"], "result": listed}
    return list(evaluate(caps.runs_counted(), variables, states)["others"])


def endpoints(name: str, there: list[str], **given: Any) -> list[str]:
    variables = of(name, **given)
    listed = {"Endpoints": [{"EndpointName": f"chitra--{each}"} for each in there]}
    return list(evaluate(caps.endpoints_counted(NAMES), variables, {**variables["states"], "result": listed})["others"])


def test_should_tell_participants_apart_whose_names_begin_alike() -> None:
    own, anothers = "sato-20261126-090000-0000", "sato-2-20261126-090000-1111"
    assert others("sato-20261126-091500-aaaa", [own, anothers]) == [own]
    assert others("sato-2-20261126-091500-aaaa", [own, anothers]) == [anothers]
    assert endpoints("sato-20261126-091500-aaaa", [own, anothers]) == [f"chitra--{own}"]


def test_should_count_whatever_somebody_called_a_run_where_a_gate_says_whose_it_is() -> None:
    assert others("sato-mine", ["sato-first", "suzuki-first"], participant="sato") == ["sato-first"]
    assert endpoints("sato-mine", ["sato-first", "suzuki-x"], participant="sato") == ["chitra--sato-first"]


def test_should_count_nobodys() -> None:
    assert of("first")["participant"] == ""
