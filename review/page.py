"""The review as a page of GitHub's Markdown: worst first, in lists that a phone can show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

from checks.findings import Acknowledged, Finding
from infra.prices import usd
from review.access import Row
from review.alarms import NETWORK, PROTECTING, is_lost, touches
from review.findings import FindingsChange
from review.judgement import Judgement
from review.resources import KINDS, Change

LIMIT = 65_536  # characters that GitHub takes in a comment
ZERO_WIDTH = "\u200b"  # behind an @, so that nobody is mentioned
CUT = "\n\n**Cut here: GitHub takes no longer comment.** The rest is in review.md, an artefact of this run.\n"
LONGEST = 160  # of a value, in characters
MEMBERS = 3  # of a list that is a value
SHOWN = 6  # of a list, before the rest is folded
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
    yield f"## Review: {_code(judgement.base)} → {_code(judgement.head)}"
    yield ""
    yield f"**{judgement.verdict}**"
    yield ""
    for alarm in judgement.alarms:
        sign, end = ("⛔", " (forbidden)") if alarm in forbidden else ("⚠️", "")
        yield f"- {sign} {ALARM_WORDS[alarm]}{end}"
    if judgement.images:
        yield f"- images built again: {', '.join(map(_code, judgement.images))}"
    yield ""


def _resources(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for kind in KINDS:
        changes = [change for change in judgement.changes.resources if change.kind == kind]
        if changes:
            yield f"### {HEADS[kind]} ({len(changes)})"
            yield ""
            yield from _folded(_lines(judgement, changes))
            yield ""


def _lines(judgement: Judgement, changes: list[Change]) -> list[str]:
    """Resources of one type and reason share a line, as thirty new users do."""
    alike: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for change in changes:
        name = judgement.names.get((change.stack, change.logical_id), f"{change.stack}/{change.logical_id}")
        alike[change.type, change.why, is_lost(change)].append(name)
    return [
        f"- {'💾 ' if holds else ''}{_several(names)} ({kind.removeprefix('AWS::')}): {why}"
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
            yield f"- {_code(where)}: {_code(name)} {'is dropped' if name in change.dropped else 'changes'}"
        yield ""


def _access(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for title, rows in (("gained", judgement.access.gained), ("lost", judgement.access.lost)):
        if rows:
            yield f"### Access {title} ({len(rows)})"
            yield ""
            yield from _folded(_grouped(rows, shown=None if title == "gained" else 8))
            yield ""


def _grouped(rows: Sequence[Row], shown: int | None) -> list[str]:
    """Whoever gains the same shares a line. Nothing that is gained is left out; of what is lost, some is counted."""
    alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows:
        alike[row.actions, row.resources, row.conditions, row.marks].append(row.principal)
    lines = []
    for (actions, resources, conditions, marks), principals in alike.items():
        text = f"- {_several(principals)}: {_several(actions, shown)} on {_several(resources, shown)}"
        text += f", if {_code(conditions)}" if conditions != "{}" else ""
        lines.append(text + "".join(f" **[{mark}]**" for mark in marks))
    return lines


def _settings(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    if judgement.settings:
        yield f"### Settings ({len(judgement.settings)})"
        yield ""
        yield from _folded(
            [f"- {_code(each['key'])}: {_both(each['old'], each['new'])}" for each in judgement.settings]
        )
        yield ""


def _drawings(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    for drawing in judgement.drawings:
        yield f"### The shape of {_code(drawing.name)} changes"
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
    lines = [f"- {_code(each.resource)} {_code(each.path)}: {_both(each.old, each.new)}" for each in judgement.details]
    if lines:
        yield f"### Values that change ({len(lines)})"
        yield ""
        yield from _folded(lines, SHOWN if len(lines) <= SHOWN else 0)
        yield ""
    if judgement.changes.others:
        yield f"### Outputs, parameters, conditions ({len(judgement.changes.others)})"
        yield ""
        yield from _folded([f"- {_code(other)}" for other in judgement.changes.others], shown=0)
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
        yield f"- ⚠️ no longer checked by {_several(found.dropped, None)}: what these would find is unknown"
    if found.lacking:
        names = _several(found.lacking, None)
        yield f"- the base does not say that {names} checked it; what these find may be older than the change"
    rows = [f"- new: {_finding(each)}" for each in found.new]
    rows += [f"- not compared: {_finding(each)}" for each in found.not_compared]
    rows += [f"- gone: {_finding(each)}" for each in found.gone]
    yield from _folded(rows or [f"- none is new or gone; {_checked(found)}"])
    yield from _folded(
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
    return f"{_code(finding.rule)} on {_code(finding.path)}: {_code(finding.problem)}"


def _reasons(kind: str, acknowledged: list[Acknowledged]) -> Iterator[str]:
    """What has the same reason in the same place shares a line."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in acknowledged:
        alike[each.path, each.reason].append(each.rule)
    for (path, reason), rules in alike.items():
        yield f"- {kind} on {_code(path)}: {_code(reason)} ({_several(rules, None)})"


def _checked(found: FindingsChange) -> str:
    return f"checked by {_several(found.checkers, None)}" if found.checkers else "nothing was checked"


def _noise(judgement: Judgement, _: Sequence[str]) -> Iterator[str]:
    yield f"<sub>Folded away, for they differ by hashes of assets alone: {judgement.noise}</sub>"


def _folded(lines: Sequence[str], shown: int = SHOWN) -> Iterator[str]:
    yield from lines[:shown]
    if rest := lines[shown:]:
        yield ""
        yield f"<details><summary>{len(rest)} {'more' if shown else 'of them'}</summary>"
        yield ""
        yield from rest
        yield ""
        yield "</details>"


def _several(names: Sequence[str], shown: int | None = 3) -> str:
    """Names in a line; all, or some and how many more."""
    shown = len(names) if shown is None else shown
    first = ", ".join(_code(name) for name in names[:shown])
    return first if len(names) <= shown else f"{first} and {len(names) - shown} more"


def _both(old: Any, new: Any) -> str:
    """Before and after; of long texts the part in which they differ, of long lists what comes and goes."""
    if isinstance(old, str) and isinstance(new, str):
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
        start = alike - LONGEST // 4
        if start > 0 and max(len(old), len(new)) > LONGEST:
            old, new = (f"…{text[start:]}" for text in (old, new))
    if isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > MEMBERS:
        gone, came = ([each for each in one if each not in other] for one, other in ((old, new), (new, old)))
        changes = [f"{word} {_value(each)}" for word, each in (("removed:", gone), ("added:", came)) if each]
        return "; ".join(changes) or "the same in another order"
    return f"{_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list) and len(value) > MEMBERS:
        return f"{len(value)} of them: {', '.join(_code(str(each)) for each in value[:MEMBERS])}, …"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if not text:
        return "empty"
    return _code(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _code(text: str) -> str:
    """As code, whatever is in it: a name can neither open HTML nor mention anybody."""
    text = " ".join(text.split()) or " "
    return f"`` {text} ``" if "`" in text else f"`{text}`"
