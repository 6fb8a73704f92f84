"""What the project's own policies allow and no call of the table needs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from permissions.checks import Verdict
from permissions.templates import Policies

REASONS = Path(__file__).with_name("unneeded.json")
HASH_OF_A_LOGICAL_ID = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True, order=True)
class Unneeded:
    """An action of an Allow statement. ``policy`` is the policy's name, or the logical ID of an inline one."""

    policy: str
    action: str


def unneeded(variants: Mapping[str, Policies], judged: Iterable[Verdict]) -> list[Unneeded]:
    """Actions that no statement of that policy is needed for, in any variant."""
    used: dict[str, set[str]] = defaultdict(set)
    written: dict[str, set[str]] = defaultdict(set)
    for policies in variants.values():
        for name in policies.own:
            for _, statement in _allows(policies.documents[name]):
                written[_label(name)] |= set(_actions(statement))
    for verdict in judged:
        for name, number in verdict.answer.allows:
            statements = dict(_allows(variants[verdict.variant].documents[name]))
            action = verdict.request.action.lower()
            used[_label(name)] |= {each for each in _actions(statements[number]) if fnmatchcase(action, each.lower())}
    return sorted(Unneeded(name, action) for name in written for action in written[name] - used[name])


def explained(found: Iterable[Unneeded], reasons: list[dict[str, str]]) -> Iterator[tuple[Unneeded, str]]:
    """With the reason that is written down; empty where none is."""
    for each in found:
        fitting = (reason["reason"] for reason in reasons if _fits(each, reason))
        yield each, next(fitting, "")


def stale(found: Iterable[Unneeded], reasons: list[dict[str, str]]) -> list[str]:
    """Reasons that explain nothing any more."""
    found = list(found)
    return [reason["reason"] for reason in reasons if not any(_fits(each, reason) for each in found)]


def read_reasons() -> list[dict[str, str]]:
    """Each with ``policy``, ``action``, both of which may hold asterisks, and ``reason``."""
    reasons: list[dict[str, str]] = json.loads(REASONS.read_text(encoding="utf-8"))
    return reasons


def _fits(each: Unneeded, reason: dict[str, str]) -> bool:
    return fnmatchcase(each.policy, reason["policy"]) and fnmatchcase(each.action, reason["action"])


def _allows(document: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Statements with their numbers from 1; those without a principal are an identity's."""
    for number, statement in enumerate(document["Statement"], 1):
        if statement["Effect"] == "Allow" and "Principal" not in statement:
            yield number, statement


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement.get("Action", [])
    return [actions] if isinstance(actions, str) else actions


def _label(name: str) -> str:
    return HASH_OF_A_LOGICAL_ID.sub("", name.rpartition("/")[2].rpartition(" ")[2])
