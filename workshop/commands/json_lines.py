"""A run for programs: a JSON object per line on standard output, each with a ``type``; docs/following.md lists them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Self

from chitra.training_lines import EpochDone, StepDone
from workshop.commands.common import as_json, errors, plain
from workshop.runs.follow import Event, LogLine, OutOfSight, RunFailedError, StageStarted, Waiting
from workshop.runs.job_state import JobState
from workshop.runs.progress import Progress


def print_line(kind: str, **content: Any) -> None:
    """In ASCII: names and log lines of others are data. Times are in UTC, as ISO 8601 has them."""
    print(json.dumps({"type": kind, **content}, default=as_json, allow_nan=False), flush=True)


class JsonLines:
    """Prints each event; the last line is of type ``end``."""

    def __init__(self, run: str, progress: Progress) -> None:
        self._run, self._progress = run, progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def show(self, event: Event) -> None:
        told = self._progress.take(event, datetime.now(UTC))
        match event:
            case StageStarted(name, begin):
                print_line("stage", stage=name, begin=begin)
            case LogLine(stage, text, at):
                print_line("log", stage=stage, text=text, at=at)
            case Waiting(stage, why):
                print_line("waiting", stage=stage, what=why.what, since=why.since)
            case OutOfSight(stage, reason):
                print_line("out_of_sight", stage=stage, why=reason)
            case JobState():
                self._print_job(event)
        if isinstance(told, StepDone):
            left = self._progress.seconds_left(datetime.now(UTC))
            values = {"epoch": told.epoch, "step": told.step, "steps": told.steps, "loss": _number(told.loss)}
            print_line("step", **values, seconds_left=left, money=self._money())
        elif isinstance(told, EpochDone):
            print_line("epoch", epoch=told.epoch, accuracy=told.accuracy, loss=_number(told.loss), money=self._money())

    def done(self) -> None:
        self._end("succeeded")

    def failed(self, error: RunFailedError) -> None:
        self._end("failed", f"{error.stage}: {error.reason}", error.at)

    def lost(self, reason: str) -> None:
        self._end("unknown", reason)

    def left(self, farewell: str) -> None:
        self._end("detached")
        errors.print(plain(farewell))

    def _print_job(self, job: JobState) -> None:
        keys = ("stage", "job", "status", "message", "since", "started", "ended", "billed_seconds", "own")
        print_line(
            "job",
            **{key: getattr(job, key) for key in keys},
            instance_type=job.capacity.instance_type,
            instance_count=job.capacity.count,
            money=self._money(),
        )

    def _end(self, outcome: str, reason: str = "", at: datetime | None = None) -> None:
        now = datetime.now(UTC)
        if outcome in ("succeeded", "failed"):
            self._progress.close(at or now, failed=outcome == "failed")
        stages = [{"stage": each.name, "seconds": self._progress.seconds(each, now)} for each in self._progress.stages]
        money = self._money()
        print_line("end", run=self._run, outcome=outcome, reason=reason, stages=stages, money=money)

    def _money(self) -> dict[str, float | None] | None:
        money = self._progress.money(datetime.now(UTC))
        return asdict(money) if money else None


def _number(value: float) -> float | None:
    """A loss may have run away: JSON has no word for that."""
    return value if value - value == 0 else None
