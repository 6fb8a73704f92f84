"""What a reader sees below a cell while a run or a training job is at work: one display that is updated in place."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from IPython.display import HTML, display

from chitra.errors import WorkshopError
from chitra.training_lines import EpochDone, StepDone, read_line
from chitra.visible import visible
from infra.names import PREPROCESS_STATE, TRAIN_STATE, WAIT_FOR_DATASET_STATE
from workshop.aws.deployment import aws_errors
from workshop.notebook.place import Workshop
from workshop.runs.follow import (
    POLL_SECONDS,
    Event,
    LogLine,
    OutOfSight,
    RunFailedError,
    StageStarted,
    Waiting,
    follow_run,
    follow_training_job,
)
from workshop.runs.run import Run

LOCAL_POLL_SECONDS = 1.0
UPDATE_SECONDS = 0.5  # between two updates of the display
EPOCHS_SHOWN = 6
DATASET, TRAINING, ENDPOINT = "データの準備", "学習", "エンドポイントの作成"
PHASES = {
    **dict.fromkeys(("Find image", "List corpus", "Look for dataset", PREPROCESS_STATE, "Pause"), DATASET),
    **dict.fromkeys((WAIT_FOR_DATASET_STATE, "Mark dataset", "Note dataset"), DATASET),
    TRAIN_STATE: TRAINING,
    **dict.fromkeys(("Create model", "Configure endpoint", "Schedule expiry"), ENDPOINT),
    **dict.fromkeys(("Create endpoint", "Wait for endpoint", "Describe endpoint"), ENDPOINT),
    # SecondaryStatus of a training job (SageMaker's API reference, DescribeTrainingJob)
    "Starting": "インスタンスの起動待ち",
    "Pending": "インスタンスの空き待ち",
    "Downloading": "データとイメージのダウンロード",
    "Training": TRAINING,
    "Uploading": "モデルの保存",
}
ENDS = ("Done", "Completed")
FAILURES = ("Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded", "Interrupted")


def watch_run(workshop: Workshop, run: Run) -> None:
    """Show a run until it ends; it goes on when the cell is stopped, and the cell may be run again.

    Raises:
        WorkshopError: the run failed, or AWS refuses to show it.
    """
    try:
        with aws_errors():
            _watch(run.name, follow_run(workshop.account, run, poll_seconds=_pause(workshop)))
    except RunFailedError as error:
        raise WorkshopError(f"{error.stage} で失敗しました: {error.reason}") from error


def watch_job(workshop: Workshop, name: str) -> None:
    """The same of a training job of one's own.

    Raises:
        WorkshopError: it failed, or AWS refuses to show it.
    """
    with aws_errors():
        _watch(name, follow_training_job(workshop.account, name, poll_seconds=_pause(workshop)))
        job = workshop.account.client("sagemaker").describe_training_job(TrainingJobName=name)
    if job["TrainingJobStatus"] != "Completed":
        reason = visible(" ".join(str(job.get("FailureReason", "")).split()))
        raise WorkshopError(f"{name} は {job['TrainingJobStatus']} で終わりました: {reason}")


def _pause(workshop: Workshop) -> float:
    return LOCAL_POLL_SECONDS if workshop.is_local else POLL_SECONDS


def _watch(name: str, events: Iterable[Event]) -> None:
    progress = Progress(name)
    shown: Any = display(progress.html(), display_id=True)
    updated = time.monotonic()
    try:
        for event in events:
            progress.add(event)
            if time.monotonic() - updated >= UPDATE_SECONDS:
                shown.update(progress.html())
                updated = time.monotonic()
    except KeyboardInterrupt:
        progress.note = "表示だけを止めました。実行は続いています。このセルをもう一度実行すると、続きを表示します。"
    finally:
        shown.update(progress.html())


class Progress:
    """What is known so far."""

    def __init__(self, name: str) -> None:
        self.note = ""
        self._name = name
        self._phases: dict[str, datetime] = {}  # with their beginnings
        self._end: datetime | None = None
        self._failed = False
        self._step = ""
        self._epochs: list[tuple[str, str, str, str]] = []
        self._train_loss = ""
        self._last = ""

    def add(self, event: Event) -> None:
        """Take what happened into the picture."""
        match event:
            case StageStarted(stage, begin):
                self._enter(stage, (begin or datetime.now().astimezone()).astimezone())
            case LogLine(_, text):
                self._read(text)
            case Waiting(_, why):
                since = f"{why.since.astimezone():%H:%M:%S}"
                self.note = f"インスタンスの空き、またはクォータを待っています（{since} から、{why.what}）。"
            case OutOfSight(_, reason):
                self.note = f"いまは様子が分かりません。実行は続いています（{reason}）。"

    def _enter(self, stage: str, begin: datetime) -> None:
        self.note = ""
        if stage in ENDS or stage in FAILURES:
            self._end, self._failed = begin, stage in FAILURES
        elif phase := PHASES.get(stage):
            self._phases.setdefault(phase, begin)

    def _read(self, line: str) -> None:
        match read_line(line):
            case StepDone(_, step, steps, loss):
                self._step, self._train_loss = f"ステップ {step} / {steps}", f"{loss:.4f}"
            case EpochDone(epoch, accuracy, loss):
                self._epochs.append((f"{epoch:g}", self._train_loss, f"{loss:.4f}", f"{accuracy:.4f}"))
        if line.startswith("test accuracy"):
            self._last = line

    def html(self) -> HTML:
        """A table of phases, one of the last epochs, and what is to be said."""
        parts = [f"<b>{html.escape(visible(self._name))}</b>", self._table_of_phases(), self._table_of_epochs()]
        if self._last:
            parts.append(f"<div><code>{html.escape(visible(self._last))}</code></div>")
        if self.note:
            parts.append(f"<div>{html.escape(visible(self.note))}</div>")
        return HTML("".join(parts))

    def _table_of_phases(self) -> str:
        phases = list(self._phases.items())
        rows = []
        for number, (phase, begin) in enumerate(phases):
            end = phases[number + 1][1] if number + 1 < len(phases) else self._end
            failed = self._failed and end is self._end
            mark = "✗" if failed else "✓" if end else "…"
            took = f"{max(0, (end - begin).total_seconds()):.0f} 秒" if end else self._step or "実行中"
            rows.append((f"{mark} {phase}", f"{begin:%H:%M:%S} 開始", took))
        return _table((), rows or [("… 開始を待っています", "", "")])

    def _table_of_epochs(self) -> str:
        if not self._epochs:
            return ""
        best = max(self._epochs, key=lambda epoch: float(epoch[3]))
        last = self._epochs[-EPOCHS_SHOWN:]
        kept = last if best in last else [best, *last]
        rows = [(*epoch, "★" if epoch is best else "") for epoch in kept]
        return _table(("エポック", "学習の損失", "検証の損失", "検証の正解率", ""), rows)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(_cell("th", text) for text in headings)
    lines = [head, *("".join(_cell("td", text) for text in row) for row in rows)]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines if line)}</table>"


def _cell(tag: str, text: str) -> str:
    return f'<{tag} style="text-align: left">{html.escape(visible(text))}</{tag}>'
