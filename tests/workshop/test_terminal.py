"""What comes from a bucket, a model, a job or a participant is printed as it stands, and obeyed by nobody."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from chitra.errors import WorkshopError
from rehearsal import cli as rehearsal_cli
from rehearsal.progress import Progress
from rehearsal.report import Report
from workshop import cli
from workshop.checks.check import Check, State
from workshop.commands.following import print_events
from workshop.runs.follow import LogLine, StageStarted
from workshop.runs.predict import predict
from workshop.runs.run import Run
from workshop.runs.status import EndpointStatus, ExecutionStatus
from workshop.runs.strangers import Stranger

HOSTILE = "[/b][red]:smile:[link=x]\x1b]0;owned\x07\x9b2J\u202e"
SHOWN = r"[/b][red]:smile:[link=x]\x1b]0;owned\x07\x9b2J\u202e"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """A command with what it asks AWS replaced; returns its exit code and what it printed, which was made harmless."""
    monkeypatch.setattr("workshop.commands.common.console._width", 400)
    caller = SimpleNamespace(
        client=lambda *given: None,
        caller={"Arn": "arn:aws:iam::123456789012:root"},
        number="123456789012",
        region="x",
    )
    deployment = SimpleNamespace(
        bucket=HOSTILE, workflow="w", images=(HOSTILE,), names=SimpleNamespace(), own_runs="", run_prefix="chitra--"
    )
    monkeypatch.setattr("workshop.commands.runs.corpus_of", lambda *given: "corpus/")
    monkeypatch.setattr("workshop.commands.runs.why_refused", lambda *given: "")
    for module in ("runs", "endpoints", "organise"):
        for name, answer in (("account_of", caller), ("signed_in", caller), ("find_deployment", deployment)):
            place = f"workshop.commands.{module}.{name}"
            monkeypatch.setattr(place, lambda *given, answer=answer: answer, raising=False)

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["workshop", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        text = said.out + said.err
        assert SHOWN in text, text
        assert not any(character in text for character in "\x1b\x07\x9b\u202e")
        return int(ended.value.code or 0), text

    return call


def events(*given: Any, **rest: Any) -> Iterator[StageStarted | LogLine]:
    yield StageStarted(HOSTILE)
    yield LogLine("Train", HOSTILE)


def test_should_print_texts_and_labels(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.runs.predict.newest_endpoint", lambda *given: "chitra--x")
    answer = {"label_name": HOSTILE, "scores": {HOSTILE: 0.5}}
    monkeypatch.setattr("workshop.runs.predict.predict", lambda aws, name, texts, heard: [answer for _ in texts])
    monkeypatch.setattr("workshop.commands.runs.participant", lambda *given: "")
    assert command("predict", HOSTILE)[1].count(SHOWN) == 2


def test_should_print_log_lines(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.commands.runs.participant", lambda *given: "")
    monkeypatch.setattr("workshop.commands.runs.start_run", lambda *given, **rest: Run("arn", "chitra--x"))
    monkeypatch.setattr("workshop.commands.runs.say_costs", lambda *given, **rest: None)
    monkeypatch.setattr("workshop.commands.following.follow_run", events)
    assert command("run")[1].count(SHOWN) == 2


def test_should_print_what_failed(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any, **rest: Any) -> Run:
        raise WorkshopError(f"{HOSTILE}\nsecond line")

    monkeypatch.setattr("workshop.commands.runs.participant", lambda *given: "")
    monkeypatch.setattr("workshop.commands.runs.start_run", fail)
    monkeypatch.setattr("workshop.commands.runs.say_costs", lambda *given, **rest: None)
    code, said = command("run")
    assert code == 1
    assert len(said.splitlines()) == 1


def test_should_print_names_in_tables(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = EndpointStatus(
        HOSTILE, HOSTILE, HOSTILE, HOSTILE, datetime.now(UTC) + timedelta(hours=1), 1.0, 1.0, datetime.now(UTC)
    )
    execution = ExecutionStatus(HOSTILE, HOSTILE, HOSTILE, datetime.now(UTC))
    monkeypatch.setattr("workshop.commands.endpoints.PriceList", lambda account, own: SimpleNamespace(remark=HOSTILE))
    monkeypatch.setattr("workshop.commands.endpoints.endpoint_statuses", lambda *given, **named: [endpoint])
    monkeypatch.setattr("workshop.commands.endpoints.execution_statuses", lambda *given, **named: [execution])
    monkeypatch.setattr("workshop.commands.endpoints.warm_pools", lambda *given, **named: [HOSTILE])
    strangers = [Stranger(HOSTILE, HOSTILE, HOSTILE), HOSTILE]
    monkeypatch.setattr("workshop.commands.endpoints.list_strangers", lambda *given: iter(strangers))
    assert command("status")[1].count(SHOWN) >= 13


def test_should_print_what_the_doctor_found(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Check(HOSTILE, State.TO_DO, HOSTILE, HOSTILE)
    monkeypatch.setattr("workshop.commands.organise.account_of", lambda settings: None)
    monkeypatch.setattr("workshop.commands.organise.examine", lambda *given: [check])
    assert command("doctor")[1].count(SHOWN) == 4


def test_should_print_lines_of_an_images_build(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SimpleNamespace(image_source="codebuild", name="chitra", region="x")
    monkeypatch.setattr("workshop.commands.organise.settings_of", lambda folder: settings)
    monkeypatch.setattr("workshop.commands.organise.building.is_built", lambda *given: False)
    monkeypatch.setattr("workshop.commands.organise.building.build_image", lambda *given: iter([HOSTILE]))
    assert command("build-image")[1].count(SHOWN) == 2


def test_should_print_a_rehearsals_predictions(command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = Report(
        evaluation={"accuracy": 1.0, "macro_f1": 1.0, "baseline_accuracy": 1.0},
        predictions=[{"predicted": HOSTILE, "score": 1.0, "text": HOSTILE}],
        leftovers=[],
    )
    monkeypatch.setattr("local_aws.engine.engine_problem", lambda: HOSTILE)
    monkeypatch.setattr("rehearsal.rehearse.rehearse", lambda plan, console: report)
    monkeypatch.setattr(cli, "main", rehearsal_cli.main)
    assert command()[1].count(SHOWN) == 3


@pytest.mark.parametrize("terminal", [False, True])
def test_should_show_a_rehearsals_steps(terminal: bool) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200, color_system=None)
    progress = Progress(console, HOSTILE)
    with progress, progress.step(HOSTILE) as step:
        step.note = HOSTILE
        step.log(HOSTILE)
        plain_console = Console(file=io.StringIO(), width=200)
        plain_console.print(progress)
        table = plain_console.file.getvalue()  # type: ignore[attr-defined]
    assert table.count(SHOWN) >= 5
    assert "\x1b" not in table
    if not terminal:
        assert console.file.getvalue().count(SHOWN) == 3  # type: ignore[attr-defined]
        assert "\x1b" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_should_say_in_a_pipe_that_a_long_step_runs() -> None:
    printed = io.StringIO()
    progress = Progress(Console(file=printed, width=200), "title", 3, report_seconds=0.01)
    with progress, progress.step("long") as step:
        step.log("last line")
        while "last line" not in printed.getvalue():
            assert step.elapsed < 60
    lines = [line.split() for line in printed.getvalue().splitlines()]
    assert [lines[1][0], *lines[1][3:]] == ["running", "long", "last", "line"]
    assert [lines[-1][0], *lines[-1][3:]] == ["passed", "long"]


def test_should_count_the_steps_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    progress = Progress(console, "title", 17)
    with progress:
        for name in ("one", "two"):
            with progress.step(name):
                pass
    assert "step 2 of 17  0:0" in console.file.getvalue()  # type: ignore[attr-defined]


def test_should_show_the_stage_at_work_and_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    for module in ("common", "following"):
        monkeypatch.setattr(f"workshop.commands.{module}.console", console)
    begin = datetime.now(UTC) - timedelta(minutes=75, seconds=5)
    print_events(iter([StageStarted("Train", begin), LogLine("Train", "epoch 1")]), "farewell")
    assert "Train 1:15:0" in console.file.getvalue()  # type: ignore[attr-defined]


class Endpoint:
    """Answers ``body``, whatever is asked."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def client(self, service: str, **given: Any) -> Endpoint:
        return self

    def describe_endpoint(self, **request: Any) -> dict[str, Any]:
        return {}

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._body)}


GOOD = {"label": [0], "label_name": ["a"], "logits": [[1.0]], "scores": [{"a": 1.0}]}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"garbage", b"\xff", b"[]", b"{}", b"[" * 100_000, b'{"label": ' + b"9" * 5000 + b"}"),
        json.dumps(GOOD | {"label": []}).encode(),
        json.dumps(GOOD | {"scores": [{"b": 1.0}]}).encode(),
        json.dumps(GOOD | {"label_name": [["a"]]}).encode(),
        json.dumps({name: value * 2 for name, value in GOOD.items()}).encode(),
    ],
)
def test_should_say_that_an_answer_is_none(body: bytes) -> None:
    with pytest.raises(WorkshopError, match="endpoint e: its answer is none of this workshop's image") as caught:
        predict(Endpoint(body), "e", ["a text"])  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
    assert predict(Endpoint(json.dumps(GOOD).encode()), "e", ["a text"])[0]["label_name"] == "a"  # type: ignore[arg-type]
