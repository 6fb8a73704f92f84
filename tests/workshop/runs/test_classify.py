"""Which model reads a batch, and which run was a classification."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chitra.errors import InputError
from infra.names import Names, artefact_key
from workshop.aws.deployment import Deployment
from workshop.runs import classify
from workshop.runs.classify import find_classification, run_with_model

DEPLOYMENT = Deployment(Names("chitra"), "bucket", "role", "workflow", "image", "image", "image")
RUNS = ["chitra--sato-20261126-090000-0000", "chitra--suzuki-20261126-100000-0000", "chitra--first"]


@pytest.mark.parametrize(
    ("user", "name", "run"),
    [
        ("chitra-sato", "", RUNS[0]),
        ("chitra-suzuki", "", RUNS[1]),
        ("", "", RUNS[2]),
        ("chitra-sato", RUNS[1], RUNS[1]),
    ],
)
def test_should_take_ones_own_newest_model_first(
    monkeypatch: pytest.MonkeyPatch, user: str, name: str, run: str
) -> None:
    listed = [
        {"Key": artefact_key(each), "LastModified": datetime(2026, 11, day, tzinfo=UTC)}
        for day, each in enumerate(RUNS, 1)
    ]
    monkeypatch.setattr(classify, "list_objects", lambda *given: listed)
    assert run_with_model(None, DEPLOYMENT, name, user=user) == run


def test_should_collect_classifications_only() -> None:
    """The model of another run may serve an endpoint, and is removed with a classification that failed."""
    inputs = {"articles": "classified/x"}
    states = SimpleNamespace(describe_execution=lambda **given: {"input": json.dumps(inputs)})
    account: Any = SimpleNamespace(client=lambda *given: states)
    assert find_classification(account, DEPLOYMENT, "chitra--x").name == "chitra--x"
    inputs.clear()
    with pytest.raises(InputError, match=r"--collect chitra--x: is no classification"):
        find_classification(account, DEPLOYMENT, "chitra--x")
