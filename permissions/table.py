"""The table of calls as a file: an entry a line, so that a pull request shows what came and what went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.settings import PROJECT
from permissions.principals import OF_THE_CDK
from permissions.recorded import Call

TABLE = PROJECT / "docs" / "permissions.json"


def read_table(file: Path = TABLE) -> dict[Call, set[str]]:
    """Calls, with the stages that make them."""
    return {
        Call(
            each["principal"],
            each["action"],
            each["resource"],
            json.dumps(each["conditions"], ensure_ascii=False, sort_keys=True),
            each["allowed"],
        ): set(each["stages"])
        for each in json.loads(file.read_text(encoding="utf-8"))
    }


def table_text(calls: Mapping[Call, set[str]]) -> str:
    lines = [json.dumps(_entry(call, calls[call]), ensure_ascii=False) for call in sorted(calls)]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _entry(call: Call, stages: set[str]) -> dict[str, Any]:
    return {
        "principal": call.principal,
        "action": call.action,
        "resource": call.resource,
        "conditions": json.loads(call.conditions),
        "allowed": call.allowed,
        "stages": sorted(stages),
    }


def unknown(recorded: Mapping[Call, set[str]], table: Mapping[Call, set[str]]) -> list[str]:
    """What was recorded and is not in the table, a line each.

    Conditions differ by the moment, and what the CDK's roles call by what is staged already, and by Docker.
    """
    known = {(each.principal, each.action, each.resource, each.allowed) for each in table}
    new = {(each.principal, each.action, each.resource, each.allowed) for each in recorded} - known
    new = {each for each in new if not each[0].startswith(OF_THE_CDK)}
    return sorted(
        f"{principal}: {action} on {resource}: {'allowed' if allowed else 'denied'}, and not in docs/permissions.json: "
        "run `make permissions`"
        for principal, action, resource, allowed in new
    )
