"""What the local AWS recorded, as calls that every recording has alike: each once, with the stages that made it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.settings import TAG_KEY
from permissions.placeholders import Placeholders
from permissions.principals import DEPLOYER, ORGANISER, kind_of_role, kind_of_user

STAGES_OF_THE_DEPLOYER = ("Bootstrap", "Deploy")
# The rehearsals' own look at the account, which no organiser needs.
CHECKS = ("Look for leftovers", "Look at what everybody got")
# How a condition key is spelled in the Service Authorization Reference; others mean nothing to any policy here.
SPELLING = {"aws:requesttag/": "aws:RequestTag/", "aws:resourcetag/": "aws:ResourceTag/", "aws:tagkeys": "aws:TagKeys"}
KEPT_KEYS = ("sagemaker:", "iam:passedtoservice", "s3:prefix", "cloudwatch:namespace")


@dataclass(frozen=True, order=True)
class Call:
    """A request as IAM judges it, with placeholders. ``conditions`` are JSON with sorted keys."""

    principal: str
    action: str
    resource: str
    conditions: str = "{}"
    allowed: bool = True


def read(file: Path) -> dict[Call, set[str]]:
    """The calls of a recording, with the names of the stages that made them.

    A root user stands for the organiser, and only within a stage: outside of one it is the rehearsal itself, or a test.
    """
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    places = Placeholders.of(lines)
    calls: dict[Call, set[str]] = defaultdict(set)
    for stage, line in _with_stages(lines):
        if principal := _principal(line, stage, places):
            caller = places.called_by(_caller(line)[1])
            conditions = json.dumps(dict(_conditions(line, caller)), ensure_ascii=False, sort_keys=True)
            resource = caller.resource(line["resource"])
            calls[Call(principal, line["action"], resource, conditions, line["allowed"])].add(stage)
    return {call: stages - {""} for call, stages in calls.items()}


def _with_stages(lines: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    stage = ""
    for line in lines:
        if "stage" in line:
            stage = line["stage"]
        else:
            yield stage, line


def _principal(line: dict[str, Any], stage: str, places: Placeholders) -> str:
    """What kind of principal a line is about; empty for one that is none of the workshop's."""
    kind, name = _caller(line)
    match kind:
        case "root":
            if stage in ("", *CHECKS):
                return ""
            return DEPLOYER if stage in STAGES_OF_THE_DEPLOYER else ORGANISER
        case "user":
            policies = line.get("policies", [])
            return kind_of_user(policies) if policies and "<participant>" in places.name(name) else ""
        case _:  # role, or assumed-role with the name of a session
            return kind_of_role(places.name(name), line.get("policies", []))


def _caller(line: dict[str, Any]) -> tuple[str, str]:
    """``root``, ``user``, ``role`` or ``assumed-role``, and a name without that of a session."""
    kind, _, name = line["principal"].split(":", 5)[5].partition("/")
    return kind, name.partition("/")[0]


def _conditions(line: dict[str, Any], places: Placeholders) -> Iterator[tuple[str, Any]]:
    if line["conditions"].get("aws:RequestedRegion") not in (places.region, None):
        yield "aws:RequestedRegion", "<other region>"
    for key, value in line["conditions"].items():
        prefix = key.partition("/")[0].lower() + ("/" if "/" in key else "")
        tag = key.partition("/")[2]
        if (prefix in SPELLING and tag in ("", TAG_KEY)) or key.lower().startswith(KEPT_KEYS):
            spelled = SPELLING.get(prefix, key) + tag if prefix in SPELLING else key
            yield spelled, _plain(value, places)


def _plain(value: Any, places: Placeholders) -> Any:
    if isinstance(value, list):
        return sorted({places.resource(each) for each in value})
    return places.resource(value)
