"""Everything that a review knows about two sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from infra.costs import Stage, every_stage
from infra.prices import PriceTable, usd
from review.access import Access, access_between
from review.alarms import PROTECTING, alarms, is_lost, touches
from review.cdk_words import Words
from review.costs import cost_of, settings_of, sources_of
from review.details import Detail, details_of
from review.drawing import Drawing, drawings_between, is_expiry_removed, limits_of
from review.findings import FindingsChange, findings_between, without_the_workshop
from review.grants import grants_of, identities_of
from review.hashes import count_noise
from review.resources import KINDS, Changes, changes_between
from review.settings_changes import settings_between
from review.sides import Side
from review.statements import Grant

Cost = dict[str, float | None]
NOTHING = "Nothing changes."


@dataclass(frozen=True)
class Judgement:
    """``costs`` and ``stages`` are those before and after; ``images`` are those that are built again."""

    base: str
    head: str
    verdict: str
    changes: Changes
    details: list[Detail]
    access: Access
    settings: list[dict[str, Any]]
    drawings: list[Drawing]
    costs: tuple[Cost, Cost]
    stages: tuple[list[Stage], list[Stage]]
    participants: tuple[int, int]
    price_sources: list[str]
    findings: FindingsChange
    images: list[str]
    noise: int
    alarms: list[str]
    names: dict[tuple[str, str], str]

    def as_json(self) -> dict[str, Any]:
        """What review.json holds."""
        resources: dict[str, list[dict[str, str]]] = {kind: [] for kind in sorted(KINDS)}
        for change in self.changes.resources:
            row = {"stack": change.stack, "logical_id": change.logical_id, "type": change.type, "why": change.why}
            resources[change.kind].append(row)
        return {
            "base": self.base,
            "head": self.head,
            "verdict": self.verdict,
            "resources": resources,
            "iam": {
                "gained": [row.as_json() for row in self.access.gained],
                "lost": [row.as_json() for row in self.access.lost],
            },
            "settings": self.settings,
            "cost": {"before": self.costs[0], "after": self.costs[1]},
            "findings": self.findings.as_json(),
            "noise": self.noise,
        }


def judge(base: Side, head: Side, prices: PriceTable) -> Judgement:
    """Compare two sides."""
    changes = changes_between(base, head)
    access = access_between(_grants(base, head), _grants(head, base), identities_of(base), identities_of(head))
    settings = [settings_of(side.context) for side in (base, head)]
    costs = cost_of(settings[0], prices), cost_of(settings[1], prices)
    endless = is_expiry_removed(base, head)
    if endless:
        costs[1]["worst"] = None
    known = [every_stage(each) if each else [] for each in settings]
    participants = [len(each.participants) if each else 0 for each in settings]
    images, noise = _images(base, head), _noise(base, head)
    changed_settings = settings_between(base.context, head.context)
    paid = [(each.region, each.prices, each.limits, each.budget) if each else None for each in settings]
    limits = limits_of(base), limits_of(head)
    bills = [(known[side], participants[side], paid[side], limits[side], costs[side]) for side in (0, 1)]
    same_money = not endless and bills[0] == bills[1]
    details = details_of(changes.resources, base, head)
    money = "Money: what an execution starts would have no end." if endless else _of_money(costs, same=same_money)
    return Judgement(
        base.label,
        head.label,
        _verdict(changes, access, money, images=images, settings=bool(changed_settings), noise=noise),
        changes,
        details,
        access,
        changed_settings,
        drawings_between(base, head),
        costs,
        (known[0], known[1]),
        (participants[0], participants[1]),
        sources_of(settings[1], prices),
        findings_between(*(without_the_workshop(side.checked, side.workshop) for side in (base, head))),
        images,
        noise,
        alarms(changes, access, details, expiry_removed=endless, limits_changed=limits[0] != limits[1]),
        _names(base) | _names(head),
    )


def _grants(side: Side, other: Side) -> frozenset[Grant]:
    """Where the workshop's name changes, permissions on what is called after it do not count as changed."""
    if side.workshop in ("", other.workshop):
        return grants_of(side)
    name = re.compile(rf"(?<![a-z0-9-]){re.escape(side.workshop)}(?![a-z0-9])")
    return frozenset(
        replace(
            grant,
            resource=name.sub("<workshop>", grant.resource),
            condition=name.sub("<workshop>", grant.condition),
        )
        for grant in grants_of(side)
    )


def _noise(base: Side, head: Side) -> int:
    before, after = base.stacks(), head.stacks()
    assets = {**base.assets, **head.assets}
    both = before.keys() & after.keys()
    return sum(count_noise(base.templates[before[key]], head.templates[after[key]], assets) for key in both)


def _images(base: Side, head: Side) -> list[str]:
    """The images that the head alone has, by name: those that would be built."""
    return sorted({head.assets[key] for key in head.images - base.images})


def _names(side: Side) -> dict[tuple[str, str], str]:
    """What resources are called, by stack and logical id."""
    words = Words(side)
    return {
        (name, logical_id): words.resource(stack, logical_id)
        for stack, name in side.stacks().items()
        for logical_id in side.templates[name].get("Resources", {})
    }


def _verdict(changes: Changes, access: Access, money: str, *, images: list[str], settings: bool, noise: int) -> str:
    """One line: data, access, money."""
    if not (changes.resources or changes.others or access.gained or access.lost or settings):
        if images:
            return f"No resource changes; images are built again: {', '.join(images)}."
        return f"No resource changes; {noise} places name other assets, of whatever content." if noise else NOTHING
    return " ".join((_of_data(changes), _of_access(access), money))


def _of_data(changes: Changes) -> str:
    lost = [change for change in changes.resources if is_lost(change)]
    touched = sorted({name for change in changes.resources for name in touches(change, PROTECTING)})
    if not lost:
        but = f", but what protects it changes ({', '.join(touched)})" if touched else ""
        return f"Data: nothing that holds data is removed or replaced{but}."
    kinds = ", ".join(sorted({change.type.rpartition("::")[2] for change in lost}))
    return f"Data: {len(lost)} removed or replaced that hold data ({kinds})."


def _of_access(access: Access) -> str:
    if not access.gained and not access.lost:
        return "Access: unchanged."
    marks = list(dict.fromkeys(mark.partition(":")[0] for row in access.gained for mark in row.marks[:1]))
    first = f" ({', '.join(marks[:3])})" if marks else ""
    gaining, losing = (len({row.principal for row in rows}) for rows in (access.gained, access.lost))
    return f"Access: gained by {gaining}{first}, lost by {losing}."


def _of_money(costs: tuple[Cost, Cost], *, same: bool) -> str:
    before, after = (cost["worst"] for cost in costs)
    if same:
        return "Money: unchanged."
    if before is None or after is None:
        return "Money: changes; no price is known for all of it."
    if before == after:
        return f"Money: what may be spent changes; at worst {usd(after)} for every participant once."
    return f"Money: at worst {usd(before)} before, {usd(after)} after."
