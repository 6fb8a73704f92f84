"""The synthesised policies give what the recorded calls need, and not more: asked of an evaluator of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from permissions.checks import Verdict, let_through, refused, verdicts
from permissions.forbidden import forbidden_calls
from permissions.judge import Request, judge
from permissions.needed import explained, read_reasons, stale, unneeded
from permissions.placeholders import fill
from permissions.principals import DEPLOYER, ORGANISER
from permissions.recorded import Call
from permissions.requested import FILES
from permissions.table import read_table
from permissions.templates import Policies

MANAGED_POLICY_CHARACTERS = 6_144  # IAM's quota, white space not counted
NOBODYS = {DEPLOYER, ORGANISER}  # in no template: whoever they are has a policy of docs/


@pytest.fixture(scope="session")
def judged(variants: dict[str, Policies]) -> list[Verdict]:
    """Everything in one go: the evaluator takes seconds to start."""
    return verdicts([*read_table(), *forbidden_calls()], variants)


@pytest.fixture(scope="session")
def of_the_table(judged: list[Verdict]) -> list[Verdict]:
    table = read_table()
    return [each for each in judged if each.call in table]


def test_should_allow_every_call_that_was_recorded(of_the_table: list[Verdict]) -> None:
    assert refused(of_the_table) == []


def test_should_know_the_policies_of_everybody_who_calls(of_the_table: list[Verdict]) -> None:
    """Those of the CDK's roles are the bootstrap's."""
    judged = {each.call.principal for each in of_the_table}
    unjudged = {each.principal for each in read_table()} - judged - NOBODYS
    assert {name for name in unjudged if not name.startswith("CDK's ")} == set()
    of_one_mode = {"expiry role", "image build role", "participant's job role", "preprocessing role", "gate role"}
    of_both = {"participant", "execution role", "workflow role"}
    assert {*of_one_mode, *of_both, *(f"{each} with access scoped" for each in of_both)} <= judged


def test_should_deny_what_nobody_needs(judged: list[Verdict]) -> None:
    forbidden = forbidden_calls()
    assert len(forbidden) >= 200
    assert let_through(each for each in judged if each.call in forbidden) == []
    assert {each.call for each in judged} >= set(forbidden)


def test_should_allow_nothing_that_is_neither_called_nor_explained(
    variants: dict[str, Policies], of_the_table: list[Verdict]
) -> None:
    found, reasons = unneeded(variants, of_the_table), read_reasons()
    assert [f"{each.policy}: {each.action}" for each, reason in explained(found, reasons) if not reason] == []
    assert stale(found, reasons) == []


def taken(variants: dict[str, Policies], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Policies]:
    """The shipped variant without the Allow statements that fit."""
    changed = copy.deepcopy(variants["local"])
    for document in changed.documents.values():
        kept = [each for each in document["Statement"] if each["Effect"] == "Deny" or not fits(each)]
        document["Statement"] = kept
    return {"local": changed}


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


NEEDED = {
    "scheduler:CreateSchedule": "workflow role",
    "states:StartExecution": "participant",
    "sagemaker:DeleteEndpoint": "expiry role",
    "events:PutRule": "workflow role",
    "ssm:GetParameters": "participant",
}


def test_should_name_the_permission_that_is_missing(variants: dict[str, Policies]) -> None:
    """One line each for principal, action and resource, when the statement that gives it is taken away."""
    calls = [each for each in read_table() if NEEDED.get(each.action) == each.principal and each.allowed]
    assert {each.action for each in calls} == set(NEEDED)
    lines = refused(verdicts(calls, taken(variants, lambda each: not NEEDED.keys().isdisjoint(listed(each["Action"])))))
    assert len(lines) == len(calls)
    for line in lines:
        principal, _, rest = line.partition(" (local): ")
        action = rest.partition(" on ")[0]
        assert NEEDED[action] == principal
        assert line.endswith(f"; the permission {action} is missing")


def test_should_let_a_wrong_policy_show(variants: dict[str, Policies]) -> None:
    """A list of what is denied would be worth nothing if it passed whatever the policies say."""
    open_to_all = {name: copy.deepcopy(variants[name]) for name in ("local", "scoped")}
    for document in (each for policies in open_to_all.values() for each in policies.documents.values()):
        document["Statement"] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    lines = let_through(verdicts(forbidden_calls(), open_to_all))
    assert all("is allowed by" in each for each in lines)
    assert len([each for each in lines if "(local)" in each]) > 90
    assert len([each for each in lines if "(scoped)" in each]) > 100


@pytest.mark.parametrize("kind", FILES)
def test_should_be_enough_to_ask_for_these_policies(kind: str, variants: dict[str, Policies]) -> None:
    document = json.loads(FILES[kind].read_text(encoding="utf-8"))
    calls = [each for each in read_table() if each.principal == kind]
    answers = judge({"asked": document}, [as_user(each) for each in calls])
    wrong = [
        f"{call.action} on {call.resource}: {answer.error or answer.why}"
        for call, answer in zip(calls, answers, strict=True)
        if not answer.allowed
    ]
    assert wrong == []
    assert len("".join(FILES[kind].read_text(encoding="utf-8").split())) <= MANAGED_POLICY_CHARACTERS


def as_user(call: Call) -> Request:
    account = "123456789012"
    examples = {"<account>": account, "<region>": "ap-northeast-1", "<workshop>": "chitra", "<participant>": "tanaka"}
    keys = {key: fill(value, examples) for key, value in json.loads(call.conditions).items()}
    return Request(f"arn:aws:iam::{account}:user/mori", call.action, fill(call.resource, examples), keys, ["asked"])
