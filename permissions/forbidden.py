"""Calls that must be denied, as data beside this file."""

from __future__ import annotations

import json
from pathlib import Path

from permissions.recorded import Call

FORBIDDEN = Path(__file__).with_name("denied.json")


def forbidden_calls() -> dict[Call, str]:
    """Each with what it would reach for."""
    return {
        Call(each["principal"], each["action"], each["resource"], json.dumps(each["conditions"]), False): each["why"]
        for each in json.loads(FORBIDDEN.read_text(encoding="utf-8"))
    }
