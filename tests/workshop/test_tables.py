"""What commands list stands there in full, however narrow the terminal is, and on one line in a pipe."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.console import Console

from tests.helpers.accounts import HOME
from tests.helpers.project import SETTINGS
from workshop.checks.check import Check, State
from workshop.commands import endpoints, organise, removal
from workshop.commands.common import console as piped
from workshop.runs.costs import HOSTING, Capacity
from workshop.runs.status import EndpointStatus, ExecutionStatus
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Resource
from workshop.teardown.survey import Survey

NAME = "chitra--participant-1-20261125-103500-ab12"
WAITS = "Train: waiting for capacity or quota since 10:35:00 (ml.g4dn.xlarge for training job usage)"
ACCOUNT: Any = SimpleNamespace(number="123456789012", client=lambda *given: None)


@pytest.fixture(params=[60, 80, None], ids=["60", "80", "pipe"])
def screen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Where commands print."""
    console = Console(file=io.StringIO(), width=request.param or piped.width, color_system=None)
    for module in ("common", "tables"):
        monkeypatch.setattr(f"workshop.commands.{module}.console", console)
    for module in (endpoints, organise):
        for name in ("account_of", "signed_in", "find_deployment"):
            answer = SimpleNamespace(workflow="w", own_runs="")
            monkeypatch.setattr(module, name, lambda *given, answer=answer: answer)
    monkeypatch.setattr(removal, "PriceList", lambda account, own: PRICES)
    monkeypatch.setattr(endpoints, "PriceList", lambda account, own: PRICES)
    return console


PRICES = SimpleNamespace(remark="", together=lambda region, capacity: 0.235)


def check(screen: Console, names: list[str], *sentences: str) -> None:
    """Names stand unbroken at the beginning of lines; sentences may be folded between words, unless piped."""
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.strip() for line in text.splitlines()]
    assert [name for name in names if not any(line.startswith(name) for line in lines)] == []
    assert "…" not in text
    if screen.width == piped.width:
        assert [name for name, line in zip(names, sentences, strict=True) if not one_line(lines, name, line)] == []
    else:
        words = text.split()
        assert [word for line in sentences for word in line.split() if word not in words] == []


def one_line(lines: list[str], name: str, sentence: str) -> bool:
    return any(line.startswith(name) and sentence in line for line in lines)


def test_should_show_what_runs_in_full(screen: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    begin, end = (datetime.now(UTC) + timedelta(hours=each, minutes=24, seconds=20) for each in (-2.406, 1))
    endpoint = EndpointStatus(NAME, "InService", "1 x ml.m5.xlarge", "2026-11-25 12:00 UTC", end, 0.235, 0.33, begin)
    execution = ExecutionStatus(NAME, "RUNNING", WAITS, datetime(2026, 11, 25, tzinfo=UTC))
    for name, found in {
        "endpoint_statuses": [endpoint],
        "execution_statuses": [execution],
        "warm_pools": [],
        "list_strangers": iter(()),
    }.items():
        monkeypatch.setattr(endpoints, name, lambda *given, found=found, **named: found)
    endpoints.status()
    ends = "2026-11-25 12:00 UTC, in 1 h 24 min"
    check(screen, [NAME, NAME, NAME], ends, "$0.235 per hour, costs so far $0.470 · at worst $0.800", WAITS)


def test_should_show_what_goes_in_full(screen: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "capacity_of", lambda *given: [Capacity("ml.m5.xlarge", 1, HOSTING)])
    bucket = f"contents of bucket chitra-{ACCOUNT.number}-{HOME}"
    resources = [
        Resource(Topic.ENDPOINTS, "endpoint", NAME, HOME, lambda pace: None, "InService"),
        Resource(Topic.DATA, "contents of bucket", bucket.split()[-1], HOME, lambda pace: None),
    ]
    removal.show_plan(ACCOUNT, SETTINGS, Survey((HOME, "us-west-2"), resources))
    check(screen, [f"endpoint {NAME}", bucket], "1 x ml.m5.xlarge: $0.235", "1 x ml.m5.xlarge: $0.235")


def test_should_show_what_the_doctor_found_in_full(screen: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = "missing: iam:CreateUser, iam:CreateAccessKey, cloudformation:DescribeStackResources"
    found = Check("permissions of the organiser", State.TO_DO, finding)
    monkeypatch.setattr(organise, "examine", lambda *given: [found])
    organise.doctor()
    check(screen, [found.subject], finding)


def test_should_print_checks_for_programs(
    screen: Console, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Check("disk", State.FAILED, "3 GB free", "free 20 GB"), Check("region", State.OK, HOME)]
    monkeypatch.setattr(organise, "examine", lambda *given: found)
    with pytest.raises(typer.Exit) as ended:
        organise.doctor(as_json=True)
    assert ended.value.exit_code == 1
    failed = {"subject": "disk", "state": "failed", "finding": "3 GB free", "fix": "free 20 GB"}
    assert json.loads(capsys.readouterr().out)["checks"][0] == failed
    assert not screen.file.getvalue()  # type: ignore[attr-defined]
