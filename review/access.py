"""Who gains or loses which permission. A Deny that goes is a gain, and one that comes is a loss."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from review import risks
from review.statements import BUT, Grant

ALWAYS = "{}"  # no condition


@dataclass(frozen=True)
class Row:
    """One line of a review: actions on resources that a principal gains, or loses, under the same conditions."""

    principal: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: str
    marks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "principal": self.principal,
            "actions": list(self.actions),
            "resources": list(self.resources),
            "conditions": json.loads(self.conditions),
            "marks": list(self.marks),
        }


@dataclass(frozen=True)
class Access:
    gained: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)


def access_between(
    base: frozenset[Grant], head: frozenset[Grant], known: frozenset[str], kept: frozenset[str]
) -> Access:
    """What changes for everybody. Case of actions means nothing to AWS, nor does the order of anything.

    ``known`` are the identities of the base, ``kept`` those of the head.
    """
    before, after = _by_meaning(base), _by_meaning(head)
    came = {after[key] for key in after.keys() - before.keys()}
    went = {before[key] for key in before.keys() - after.keys()}
    # An identity that is new has no permission to lose, and one that goes is not freed of any.
    new, gone = kept - known, known - kept
    limits_came = [each for each in came if _limits(each) and (each.source == "resource" or each.principal not in new)]
    limits_went = [each for each in went if _limits(each) and (each.source == "resource" or each.principal not in gone)]
    allows_came = [each for each in came if not _limits(each)]
    allows_went = [each for each in went if not _limits(each)]
    told = _told(base, head)
    return Access(
        _rows([each for each in allows_came if told(each)], limits_went, _Limits(base, head).lifted),
        _rows([each for each in allows_went if told(each)], limits_came, _Limits(base, head).set),
    )


def _told(base: frozenset[Grant], head: frozenset[Grant]) -> Callable[[Grant], bool]:
    """What boundaries allow is told only where there was one and is one: otherwise it is told that it came or went."""
    before, after = ([each for each in side if each.source == "bounded"] for side in (base, head))
    bounded = _principals(before) & _principals(after)
    boundaries = {each.action.removeprefix(BUT) for each in (*before, *after)}

    def told(grant: Grant) -> bool:
        if grant.source == "loose":
            return grant.principal not in boundaries
        return grant.source != "boundary" or grant.principal in bounded

    return told


class _Limits:
    """What a changed limit is called. A Deny is lifted where fewer are left on the same; else it has changed."""

    def __init__(self, base: frozenset[Grant], head: frozenset[Grant]) -> None:
        self._before, self._after = (Counter(map(_denied, filter(_limits, side))) for side in (base, head))

    def lifted(self, grant: Grant) -> str:
        if grant.source == "bounded":
            return risks.BOUNDARY_LIFTED
        fewer = self._after[_denied(grant)] < self._before[_denied(grant)]
        return risks.DENY_LIFTED if fewer or grant.condition == ALWAYS else risks.DENY_CHANGED

    def set(self, grant: Grant) -> str:
        if grant.source == "bounded":
            return risks.BOUNDARY_SET
        return risks.DENY_ADDED if self._before[_denied(grant)] < self._after[_denied(grant)] else risks.DENY_CHANGED


def _denied(grant: Grant) -> tuple[str, ...]:
    return grant.principal, grant.action.lower(), grant.resource, grant.source


def _by_meaning(grants: Iterable[Grant]) -> dict[Grant, Grant]:
    return {
        Grant(each.principal, each.effect, each.action.lower(), each.resource, each.condition, each.source): each
        for each in sorted(grants)
    }


def _principals(grants: Iterable[Grant]) -> set[str]:
    return {each.principal for each in grants}


def _limits(grant: Grant) -> bool:
    return grant.effect == "Deny"


def _rows(allows: list[Grant], limits: list[Grant], limit_mark: Callable[[Grant], str]) -> list[Row]:
    rows = [_row(parts, _marks_of_allow(parts)) for parts in _grouped(allows)]
    rows += [_row(parts, [limit_mark(parts[0])]) for parts in _grouped(limits)]
    return sorted(rows, key=lambda row: (-_weight(row), row.principal, row.actions, row.resources))


def _grouped(grants: list[Grant]) -> list[list[Grant]]:
    """Grants that make one statement: first all actions on a resource, then all resources with the same actions."""
    by_resource: dict[tuple[str, ...], list[Grant]] = defaultdict(list)
    for each in sorted(grants):
        by_resource[each.principal, each.effect, each.source, each.condition, each.resource].append(each)
    by_actions: dict[tuple[Any, ...], list[Grant]] = defaultdict(list)
    for (*rest, _), parts in by_resource.items():
        by_actions[*rest, tuple(part.action for part in parts)].extend(parts)
    return list(by_actions.values())


def _row(parts: list[Grant], marks: list[str]) -> Row:
    actions, resources = sorted({each.action for each in parts}), sorted({each.resource for each in parts})
    return Row(parts[0].principal, tuple(actions), tuple(resources), parts[0].condition, tuple(marks))


def _marks_of_allow(parts: list[Grant]) -> list[str]:
    first = parts[0]
    actions, resources = sorted({each.action for each in parts}), sorted({each.resource for each in parts})
    marks = risks.marks_of_allow(first.principal, actions, resources, first.condition)
    match first.source:
        case "managed":
            return risks.marks_of_managed(first.action)
        case "boundary":
            return [*([risks.BOUNDARY_LIFTED] if risks.ADMINISTRATOR in marks else []), risks.IN_BOUNDARY]
        case "member":
            return [risks.MEMBER]
        case "loose":
            return [*marks, risks.LOOSE]  # somebody outside of the templates may hold it
    return marks


# The worst first.
_ORDER = (
    *(risks.ADMINISTRATOR, risks.EVERYBODY, risks.BOUNDARY_LIFTED, risks.DENY_LIFTED, risks.ESCALATION),
    risks.DENY_CHANGED,
    *(risks.TO_ANY_SERVICE, risks.PASSES_ROLES, risks.EVERY_ACTION, risks.EVERY_RESOURCE),
)


def _weight(row: Row) -> int:
    ranks = [len(_ORDER) - rank for mark in row.marks for rank, known in enumerate(_ORDER) if mark.startswith(known)]
    return max(ranks, default=0)
