"""The receipt of a teardown: what was deleted, when, what remains and why; as JSON and as text."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from chitra.files import write_whole
from chitra.inside import inside
from chitra.visible import visible
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.teardown.journal import Journal
from workshop.teardown.resources.resource import Resource
from workshop.teardown.survey import Survey
from workshop.teardown.teardown import Outcome

RECEIPTS = "receipts"  # below the workshop's folder
IS_THERE = "is there: `.venv/bin/workshop teardown` removes it"
NOT_TRIED = "was found when everything else had gone: run the command again"


def journal_file(folder: Path, settings: Settings, account: Account) -> Path:
    return folder / RECEIPTS / f"{settings.name}-{account.number}.unfinished.jsonl"


def regions_of_receipts(folder: Path, settings: Settings, account: Account) -> tuple[str, ...]:
    """Where earlier teardowns of this workshop looked; a receipt that cannot be read says nothing."""
    regions: dict[str, None] = {}
    for file in sorted((folder / RECEIPTS).glob(f"{settings.name}-*.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if (content["workshop"], content["account"]) == (settings.name, account.number):
                regions |= dict.fromkeys(map(str, content["regions"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return tuple(regions)


def write_receipt(folder: Path, outcome: Outcome, journal: Journal, settings: Settings, account: Account) -> Path:
    """Write ``receipts/<workshop>-<time>.json`` and ``.txt`` in the workshop's folder; returns the text's path."""
    content = receipt(outcome, journal, settings, account)
    stem = f"{settings.name}-{outcome.ended:%Y%m%dT%H%M%SZ}"
    receipts = folder / RECEIPTS
    write_whole(inside(receipts, f"{stem}.json"), json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    write_whole(inside(receipts, f"{stem}.txt"), as_text(content))
    return receipts / f"{stem}.txt"


def receipt(outcome: Outcome, journal: Journal, settings: Settings, account: Account) -> dict[str, Any]:
    """``deleted`` includes what earlier, unfinished attempts deleted."""
    return {
        "workshop": settings.name,
        "account": account.number,
        "caller": account.caller["Arn"],
        "regions": list(outcome.last.regions),
        "started": _time(outcome.started),
        "ended": _time(outcome.ended),
        "nothing_remains": outcome.clean,
        "deleted": journal.entries,
        **_findings(outcome.last, outcome.problems, NOT_TRIED),
    }


def verification(found: Survey, settings: Settings, account: Account, at: datetime) -> dict[str, Any]:
    """The same shape for a look that deletes nothing."""
    return {
        "workshop": settings.name,
        "account": account.number,
        "regions": list(found.regions),
        "ended": _time(at),
        "nothing_remains": found.clean,
        **_findings(found, {}, IS_THERE),
    }


def _findings(found: Survey, reasons: dict[Resource, str], otherwise: str) -> dict[str, Any]:
    """``otherwise`` is why something remains of which nobody knows a better reason."""
    return {
        "remaining": [
            {
                "kind": resource.kind,
                "name": resource.name,
                "region": resource.region,
                "state": resource.state,
                "arn": resource.arn,
                "why": reasons.get(resource) or resource.by_hand or otherwise,
            }
            for resource in found.resources
        ],
        "not_seen": [{"region": problem.region, "why": str(problem)} for problem in found.problems],
        "left_alone": [
            {"kind": each.kind, "name": each.name, "region": each.region, "why": each.why} for each in found.lookalikes
        ],
    }


def as_text(content: dict[str, Any]) -> str:
    """For people; one line per thing."""
    head = [
        f"Workshop {content['workshop']}: teardown in account {content['account']}",
        f"regions   {', '.join(content['regions'])}",
        f"started   {content['started']}",
        f"ended     {content['ended']}",
        f"by        {content['caller']}",
        "",
        "NOTHING REMAINS" if content["nothing_remains"] else "NOT FINISHED: run `make teardown` again",
    ]
    deleted = [f"{entry['at']}  {_named(entry)}" for entry in content["deleted"]]
    remaining = [
        line
        for entry in content["remaining"]
        for line in (f"{_named(entry)} {entry['state']}", f"    {entry['why']}", *_arn_of(entry))
    ]
    not_seen = [f"{entry['region']}  {entry['why']}" for entry in content["not_seen"]]
    alone = [f"{_named(entry)}: {entry['why']}" for entry in content["left_alone"]]
    sections = {
        f"Deleted ({len(deleted)})": deleted,
        f"Remains ({len(content['remaining'])})": remaining,
        f"Could not be seen ({len(not_seen)})": not_seen,
        f"Left alone ({len(alone)})": alone,
    }
    body = [line for title, lines in sections.items() if lines for line in ["", title, *_indented(lines)]]
    return "\n".join(map(visible, [*head, *body])) + "\n"


def _named(entry: dict[str, Any]) -> str:
    return f"{entry['region']}  {entry['kind']} {entry['name']}"


def _arn_of(entry: dict[str, Any]) -> list[str]:
    return [f"    {entry['arn']}"] if entry["arn"] and entry["arn"] not in entry["why"] else []


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
