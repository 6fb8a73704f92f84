"""Whether IAM would let calls through: asked of iam-simulate, a second opinion to that of the local AWS."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chitra.errors import WorkshopError

SCRIPT = Path(__file__).with_name("judge.mjs")


@dataclass(frozen=True, slots=True)
class Request:
    """``policies``, ``boundary`` and ``resource_policy`` are names of documents; the last two may be empty."""

    principal: str
    action: str
    resource: str
    keys: Mapping[str, str | list[str]]
    policies: Sequence[str]
    boundary: str = ""
    resource_policy: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``allows`` are the statements that let a request through, each with its document and its number from 1, those of
    the boundary among them. ``why`` is empty for what is allowed; ``error`` says what is no request of IAM's."""

    allowed: bool
    allows: tuple[tuple[str, int], ...]
    why: str
    error: str


def judge(documents: Mapping[str, Any], requests: Sequence[Request]) -> list[Answer]:
    """An answer for each request.

    Raises:
        WorkshopError: Node or the library is missing.
    """
    asked = [
        {
            "principal": each.principal,
            "account": each.principal.split(":")[4],
            "action": each.action,
            "resource": each.resource,
            "keys": dict(each.keys),
            "policies": list(each.policies),
            "boundary": each.boundary,
            "resourcePolicy": each.resource_policy,
        }
        for each in requests
    ]
    text = json.dumps({"documents": dict(documents), "requests": asked})
    try:
        done = subprocess.run(["node", str(SCRIPT)], input=text, capture_output=True, check=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise WorkshopError("node: is not installed here. Run `make setup`.") from error
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if "Error" in line] or ["no reason"]
        raise WorkshopError(f"{SCRIPT.name}: {reasons[0].strip()}. Run `make setup`.")
    return [
        Answer(each["allowed"], tuple((name, number) for name, number in each["allows"]), each["why"], each["error"])
        for each in json.loads(done.stdout)
    ]
