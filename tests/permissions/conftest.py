"""The policies of every deployment that was reviewed as a snapshot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.server import ACCOUNT
from permissions.placeholders import EXAMPLES
from permissions.templates import Policies, policies_of
from tests.helpers.project import SETTINGS

SNAPSHOTS = Path(__file__).parent.parent / "infra/snapshots"
STACKS = ("foundation", "workflow", "participants")
SHIPPED = "local"  # how the workflow's snapshot of the tests' own settings is called


def templates() -> dict[str, dict[str, Any]]:
    """By variant, the templates of its stacks: one without a snapshot of ``scoped-uri`` is that of ``scoped``, or as
    shipped."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in SNAPSHOTS.glob("*.json")}
    files = {name: json.loads(text.replace("<sha256>", EXAMPLES["<hash>"])) for name, text in texts.items()}
    variants = {name.partition("-")[2] or SHIPPED for name in files}
    return {
        variant: {
            f"{SETTINGS.name}-{stack}": next(
                files[name]
                for name in (f"{stack}-{variant}", f"{stack}-{variant.partition('-')[0]}", stack, f"{stack}-{SHIPPED}")
                if name in files
            )
            for stack in STACKS
        }
        for variant in sorted(variants)
    }


@pytest.fixture(scope="session")
def variants() -> dict[str, Policies]:
    """`tests/infra/test_snapshots.py` compares the snapshots with what is synthesised."""
    return {name: policies_of(stacks, account=ACCOUNT, region=SETTINGS.region) for name, stacks in templates().items()}
