"""The review as a page of GitHub's Markdown: worst first, in lists that a phone can show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from checks.findings import Acknowledged, Finding
from infra.prices import usd
from review.access import Row
from review.alarms import NETWORK, PROTECTING, is_lost, touches
from review.findings import FindingsChange
from review.judgement import Judgement
from review.markdown import SHOWN, both, code, folded, several
from review.resources import KINDS, Change

LIMIT = 65_536  # characters that GitHub takes in a comment
ZERO_WIDTH = "\u200b"  # behind an @, so that nobody is mentioned
CUT = "\n\n**Cut here: GitHub takes no longer comment.** The rest is in review.md, an artefact of this run.\n"
MARK = "<!-- chitra-review -->"  # by which the comment is found that is to be updated
HEADS = {
    "removed": "Removed",
    "replaced": "Replaced: a new one is made, and the old one deleted",
    "changed": "Changed in place",
    "added": "Added",
}
ALARM_WORDS = {
    "data-lost": "something that holds data is removed or replaced",
    "protection-changed": "encryption, versions, expiry or public access change",
    "encryption-dropped": "a protection is dropped",
    "network-changed": "networks change",
    "limits-changed": "in a workflow run times, schedules, instance types or their number change",
    "expiry-removed": "a workflow no longer schedules an end: what it starts would bill on",
    "deny-changed": "a Deny has other conditions",
    "deny-lifted": "a Deny is lifted",
    "boundary-lifted": "a permissions boundary is lifted",
    "administrator": "somebody becomes administrator",
    "escalation": "somebody may give themselves more",
    "role-to-any-service": "a role may be passed to any service",
    "open-to-everybody": "something opens to everybody",
    "every-action": "every action is allowed on something",
    "every-action-of-a-service": "every action of a service is allowed",
}


def page(judgement: Judgement, forbidden: Sequence[str]) -> str:
    """All of it; ``forbidden`` are alarms that the policy does not allow."""
    sections = (_head, _resources, _protection, _access, _settings, _drawings, _values, _money, _findings, _noise)
    parts = [MARK, *(text for section in sections for text in section(judgement, forbidden))]
    return "\n".join(parts) + "\n"


def comment(text: str) -> str:
    """What fits into a comment; a page is cut between two lines, and what was open is closed."""
    text = text.replace("@", f"@{ZERO_WIDTH}")
    if len(text) <= LIMIT:
        return text
    closing = "\n```\n\n</details>"
    kept = text[: LIMIT - len(CUT) - len(closing)].rpartition("\n")[0]
    if kept.count("\n```") % 2:
        kept += "\n```"
    if kept.count("<details>") > kept.count("</details>"):
        kept += "\n\n</details>"
    return kept + CUT


def _head(judgement: Judgement, forbidden: Sequence[str]) -> Iterator[str]:
    yield f"## Review: {code(judgement.base)} → {code(judgement.head)}"
    yield ""
    yield f"**{judgement.verdict}**"
    yield ""
    for alarm in judgement.alarms:
        sign, end = ("⛔", " (forbidden)") if alarm in forbidden else ("⚠️", "")
        yield f"- {sign} {ALARM_WORDS[alarm]}{end}"
    if judgement.images:
        yield f"- images built again: {', '.join(map(code, judgement.images))}"
    yield ""


def _resources(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for kind in KINDS:
        changes = [change for change in judgement.changes.resources if change.kind == kind]
        if changes:
            yield f"### {HEADS[kind]} ({len(changes)})"
            yield ""
            yield from folded(_lines(judgement, changes))
            yield ""


def _lines(judgement: Judgement, changes: list[Change]) -> list[str]:
    """Resources of one type and reason share a line, as thirty new users do."""
    alike: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for change in changes:
        name = judgement.names.get((change.stack, change.logical_id), f"{change.stack}/{change.logical_id}")
        alike[change.type, change.why, is_lost(change)].append(name)
    return [
        f"- {'💾 ' if holds else ''}{several(names)} ({kind.removeprefix('AWS::')}): {why}"
        for (kind, why, holds), names in alike.items()
    ]


def _protection(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    rows = [
        (change, name)
        for change in judgement.changes.resources
        for name in touches(change, PROTECTING) + touches(change, NETWORK)
    ]
    if rows:
        yield f"### Encryption, versions, expiry, network ({len(rows)})"
        yield ""
        for change, name in rows:
            where = judgement.names.get((change.stack, change.logical_id), change.logical_id)
            yield f"- {code(where)}: {code(name)} {'is dropped' if name in change.dropped else 'changes'}"
        yield ""


def _access(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for title, rows in (("gained", judgement.access.gained), ("lost", judgement.access.lost)):
        if rows:
            yield f"### Access {title} ({len(rows)})"
            yield ""
            yield from folded(_grouped(rows, shown=None if title == "gained" else 8))
            yield ""


def _grouped(rows: Sequence[Row], shown: int | None) -> list[str]:
    """Whoever gains the same shares a line. Nothing that is gained is left out; of what is lost, some is counted."""
    alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows:
        alike[row.actions, row.resources, row.conditions, row.marks].append(row.principal)
    lines = []
    for (actions, resources, conditions, marks), principals in alike.items():
        text = f"- {several(principals)}: {several(actions, shown)} on {several(resources, shown)}"
        text += f", if {code(conditions)}" if conditions != "{}" else ""
        lines.append(text + "".join(f" **[{mark}]**" for mark in marks))
    return lines


def _settings(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    if judgement.settings:
        yield f"### Settings ({len(judgement.settings)})"
        yield ""
        yield from folded([f"- {code(each['key'])}: {both(each['old'], each['new'])}" for each in judgement.settings])
        yield ""


def _drawings(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for drawing in judgement.drawings:
        yield f"### The shape of {code(drawing.name)} changes"
        yield ""
        for title, text in (("Before", drawing.before), ("After", drawing.after)):
            yield f"<details><summary>{title} (what only this side has is dashed)</summary>"
            yield ""
            yield from ("```mermaid", text, "```")
            yield ""
            yield "</details>"
        yield ""


def _values(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    """What changes inside of resources; much of it is folded."""
    lines = [f"- {code(each.resource)} {code(each.path)}: {both(each.old, each.new)}" for each in judgement.details]
    if lines:
        yield f"### Values that change ({len(lines)})"
        yield ""
        yield from folded(lines, SHOWN if len(lines) <= SHOWN else 0)
        yield ""
    if judgement.changes.others:
        yield f"### Outputs, parameters, conditions ({len(judgement.changes.others)})"
        yield ""
        yield from folded([f"- {code(other)}" for other in judgement.changes.others], shown=0)
        yield ""


def _money(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    before, after = judgement.costs
    if not any(judgement.stages):
        return
    yield "### Money"
    yield ""
    rows = (
        ("per hour, one of each running", "per_hour"),
        ("an execution, expected (the training, as long as in the 2022 hands-on)", "per_execution"),
        ("at worst, every participant once", "worst"),
    )
    for title, key in rows:
        yield f"- {title}: {_arrow(usd(before[key]), usd(after[key]))}"
    old, new = (list(map(str, each)) for each in judgement.stages)
    for gone in [line for line in old if line not in new]:
        yield f"- before: {gone}"
    for line in new:
        yield f"- {line}{'' if line in old or not old else ' (new)'}"
    yield f"- participants: {_arrow(*map(str, judgement.participants))}"
    yield from (f"- {text}" for text in judgement.price_sources)
    yield "- without an execution only storage and logs bill"
    yield ""


def _arrow(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _findings(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    found = judgement.findings
    yield "### Findings of checks"
    yield ""
    if found.dropped:
        yield f"- ⚠️ no longer checked by {several(found.dropped, None)}: what these would find is unknown"
    if found.lacking:
        names = several(found.lacking, None)
        yield f"- the base does not say that {names} checked it; what these find may be older than the change"
    rows = [f"- new: {_finding(each)}" for each in found.new]
    rows += [f"- not compared: {_finding(each)}" for each in found.not_compared]
    rows += [f"- gone: {_finding(each)}" for each in found.gone]
    yield from folded(rows or [f"- none is new or gone; {_checked(found)}"])
    yield from folded(
        [
            *_reasons("newly acknowledged", found.newly_acknowledged),
            *_reasons("no longer acknowledged", found.no_longer_acknowledged),
        ]
    )
    if found.acknowledged:
        yield ""
        yield f"<details><summary>{len(found.acknowledged)} acknowledged as before</summary>"
        yield ""
        yield from _reasons("acknowledged", found.acknowledged)
        yield ""
        yield "</details>"
    yield ""


def _finding(finding: Finding) -> str:
    return f"{code(finding.rule)} on {code(finding.path)}: {code(finding.problem)}"


def _reasons(kind: str, acknowledged: list[Acknowledged]) -> Iterator[str]:
    """What has the same reason in the same place shares a line."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in acknowledged:
        alike[each.path, each.reason].append(each.rule)
    for (path, reason), rules in alike.items():
        yield f"- {kind} on {code(path)}: {code(reason)} ({several(rules, None)})"


def _checked(found: FindingsChange) -> str:
    return f"checked by {several(found.checkers, None)}" if found.checkers else "nothing was checked"


def _noise(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    yield f"<sub>Folded away, for they differ by hashes of assets alone: {judgement.noise}</sub>"
