"""Every template as it was reviewed: a change shows in the pull request, one key a line.

Write the snapshots anew with UPDATE_SNAPSHOTS=1 pytest tests/infra/test_snapshots.py.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.conftest import Templates
from tests.infra.test_image import SOURCES

FOLDER = Path(__file__).parent / "snapshots"
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
SCOPED = {"access": "scoped", "participants": ["tanaka", "suzuki"]}
REVIEWED: dict[str, tuple[str, dict[str, Any]]] = {
    "foundation": ("foundation", {}),
    **{f"workflow-{source}": ("workflow", changes) for source, changes in SOURCES.items()},
    "participants": ("participants", {"participants": ["tanaka", "suzuki"]}),
    "participants-power-user": ("participants", {"power_user": True}),
    "foundation-scoped": ("foundation", SCOPED),
    "workflow-scoped": ("workflow", SCOPED),
    **{f"workflow-scoped-{source}": ("workflow", SCOPED | SOURCES[source]) for source in ("codebuild", "uri")},
    "participants-scoped": ("participants", SCOPED),
}


@pytest.mark.parametrize("name", REVIEWED)
def test_should_keep_to_the_reviewed_template(name: str, templates_with: Callable[[dict[str, Any]], Templates]) -> None:
    stack, changes = REVIEWED[name]
    template = readable(templates_with(changes)[stack].to_json())
    text = DIGEST.sub("<sha256>", json.dumps(template, indent=1, sort_keys=True, ensure_ascii=False)) + "\n"
    file = FOLDER / f"{name}.json"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text, encoding="utf-8")
    assert text.splitlines() == file.read_text(encoding="utf-8").splitlines()


def test_should_hold_no_snapshot_that_nothing_is_compared_with() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(REVIEWED)


def readable(value: Any) -> Any:
    """JSON inside of texts is taken apart, so that a state machine's change is not one line of thousands of signs."""
    match value:
        case {"Fn::Join": ["", [*parts]]}:
            inner = parsed("".join(part if isinstance(part, str) else placeholder(part) for part in parts))
            return value if inner is None else inner
        case dict():
            return {key: readable(each) for key, each in value.items()}
        case list():
            return [readable(each) for each in value]
        case str():
            inner = parsed(value)
            return value if inner is None else inner
    return value


def placeholder(reference: dict[str, Any]) -> str:
    """A reference, as a text that may stand inside of JSON."""
    return "${" + json.dumps(reference, sort_keys=True).replace('"', "'") + "}"


def parsed(text: str) -> Any:
    """The object that a text holds as JSON; None when it holds none."""
    if not text.startswith("{"):
        return None
    try:
        return readable(json.loads(text))
    except ValueError:
        return None
