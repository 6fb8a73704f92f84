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
SCOPED = "scoped"  # with what the names of variants with that access begin
HASH_OF_A_LOGICAL_ID = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True, order=True)
class Unneeded:
    """An action of an Allow statement. ``policy`` is the policy's name, or its logical ID; with the mode of access when
    it is ``scoped``."""

    policy: str
    action: str


def unneeded(variants: Mapping[str, Policies], judged: Iterable[Verdict]) -> list[Unneeded]:
    """Actions that no statement of that policy is needed for, in any variant of a mode of access."""
    used: dict[str, set[str]] = defaultdict(set)
    written: dict[str, set[str]] = defaultdict(set)
    for variant, policies in variants.items():
        for name in policies.own:
            for _, statement in _allows(policies.documents[name]):
                written[_label(variant, name)] |= set(_actions(statement))
    for verdict in judged:
        for name, number in verdict.answer.allows:
            statements = dict(_allows(variants[verdict.variant].documents[name]))
            action = verdict.request.action.lower()
            fitting = {each for each in _actions(statements[number]) if fnmatchcase(action, each.lower())}
            used[_label(verdict.variant, name)] |= fitting
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


def _label(variant: str, name: str) -> str:
    """Policies of a role or a user follow its name."""
    name = name.rpartition("/" if "/" in name else " ")[2]
    return HASH_OF_A_LOGICAL_ID.sub("", name) + (f" ({SCOPED})" if variant.startswith(SCOPED) else "")
