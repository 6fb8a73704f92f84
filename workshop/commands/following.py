"""Shows a run while it is followed: live on a terminal, line by line elsewhere, as JSON lines for programs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from typing import Any, Protocol, Self

import typer
from rich.live import Live

from chitra.errors import WorkshopError
from chitra.training_lines import EpochDone
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.commands.common import EXIT_INTERRUPTED, console, say
from workshop.commands.json_lines import JsonLines
from workshop.commands.picture import clock, left_text, now_text, picture, words_in
from workshop.language import language_of
from workshop.runs.costs import PriceList
from workshop.runs.follow import Event, LogLine, OutOfSight, RunFailedError, StageStarted, Waiting, follow_run
from workshop.runs.job_state import JobState
from workshop.runs.money import money_text
from workshop.runs.progress import Progress
from workshop.runs.run import Run

NEWS_SECONDS = 30.0  # a line that is older was written long ago: somebody came back to the run
QUIET_SECONDS = 60.0  # then a line says that the run goes on, where nothing is live


class Screen(AbstractContextManager[Any], Protocol):
    """Where events are shown; one of ``done``, ``failed``, ``lost`` and ``left`` ends it."""

    def show(self, event: Event) -> None: ...

    def done(self) -> None:
        """The run has succeeded."""

    def failed(self, error: RunFailedError) -> None:
        """The run has failed; the caller says why."""

    def lost(self, reason: str) -> None:
        """The run cannot be followed any more; the caller says why."""

    def left(self, farewell: str) -> None:
        """Whoever looked has gone."""


def show(aws: Account, started: Run, own: Mapping[str, float] | None = None, *, as_json: bool = False) -> str:
    """Show stages and log lines until the execution ends. Ctrl-C ends the showing only.

    ``own`` are the settings' prices. Returns what has to be known of the prices.
    """
    ways = f"Look again: `.venv/bin/workshop follow {started.name}`; end it: `.venv/bin/workshop stop {started.name}`."
    farewell = f"{started.name} goes on without you, and so does what it costs. {ways}"
    prices = PriceList(aws, own)
    progress = Progress(per_hour=lambda capacity: prices.per_hour(aws.region, capacity))
    screen = JsonLines(started.name, progress) if as_json else Printed(started.name, progress)
    show_events(follow_run(aws, started), farewell, screen)
    return prices.remark


def print_events(events: Iterable[Event], farewell: str) -> None:
    """Until there are no more of them; Ctrl-C says the ``farewell`` and ends the command."""
    show_events(events, farewell, Printed("", Progress()))


def show_events(events: Iterable[Event], farewell: str, screen: Screen) -> None:
    """Raises what the events raise, and typer.Exit after Ctrl-C."""
    with screen:
        try:
            for event in events:
                screen.show(event)
        except KeyboardInterrupt:
            screen.left(farewell)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except RunFailedError as error:
            screen.failed(error)
            raise
        except AWS_ERRORS as error:
            screen.lost(advice(error))
            raise
        except WorkshopError as error:
            screen.lost(str(error))
            raise
        screen.done()


class Printed:
    """Log lines, and below them on a terminal a picture that moves; elsewhere a line for what the picture would show.

    ``quiet_seconds``: after that long without a line, one says that the run goes on.
    """

    def __init__(self, title: str, progress: Progress, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._title, self._progress = title, progress
        self._language = language_of(os.environ)
        self._words = words_in(self._language)
        self._is_live = console.is_terminal and not console.is_dumb_terminal
        self._quiet_seconds, self._said_at = quiet_seconds, time.monotonic()
        self._over, self._stack = threading.Event(), ExitStack()

    def __enter__(self) -> Self:
        if self._is_live:
            self._stack.enter_context(Live(get_renderable=self._picture, console=console, refresh_per_second=4))
        else:
            reporter = threading.Thread(target=self._break_silence, daemon=True)
            reporter.start()
            self._stack.callback(reporter.join)
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._stack.close()

    def show(self, event: Event) -> None:
        now = datetime.now(UTC)
        told = self._progress.take(event, now)
        match event:
            case StageStarted(name):
                self._say(name, style="bold")
            case LogLine(of, text):
                self._say(f"  {text}" if of == self._progress.stage else f"  [{of}] {text}")
            case Waiting() | OutOfSight():
                self._say(f"  {event.why}")
            case JobState() if not self._is_live and event.stage == self._progress.stage:
                self._say(f"  [{now_text(self._progress, self._language, self._words)}]")
        is_news = isinstance(event, LogLine) and (event.at is None or (now - event.at).total_seconds() < NEWS_SECONDS)
        if isinstance(told, EpochDone) and is_news and not self._is_live and (status := self._status()):
            self._say(f"  [{status}]")

    def done(self) -> None:
        self._close()

    def failed(self, error: RunFailedError) -> None:
        self._close(error.at, failed=True)

    def lost(self, reason: str) -> None:
        self._leave()

    def left(self, farewell: str) -> None:
        self._leave()
        say(farewell)

    def _leave(self) -> None:
        """The picture would go on without news: the lines above stay."""
        self.__exit__()

    def _close(self, at: datetime | None = None, *, failed: bool = False) -> None:
        self._progress.close(at or datetime.now(UTC), failed=failed)
        if not self._is_live and (money := self._progress.money(datetime.now(UTC))):
            self._say(f"  [{money_text(money, self._language)}]")

    def _say(self, text: str, style: str = "") -> None:
        say(text, style)
        self._said_at = time.monotonic()

    def _status(self) -> str:
        """Time left and money, as far as they are known."""
        now = datetime.now(UTC)
        money = self._progress.money(now)
        costs = money_text(money, self._language) if money and money.so_far is not None else ""
        parts = (left_text(self._progress, now, self._words), costs)
        return ", ".join(filter(None, parts))

    def _break_silence(self) -> None:
        while not self._over.wait(max(0.01, self._said_at + self._quiet_seconds - time.monotonic())):
            if time.monotonic() - self._said_at >= self._quiet_seconds and self._progress.stages:
                stage = self._progress.stages[-1]
                elapsed = clock(self._progress.seconds(stage, datetime.now(UTC)))
                doing = now_text(self._progress, self._language, self._words)
                self._say(f"  [{', '.join(filter(None, (f'{stage.name} {elapsed}', doing, self._status())))}]")
            elif not self._progress.stages:
                self._said_at = time.monotonic()

    def _picture(self) -> Any:
        return picture(self._title, self._progress, datetime.now(UTC), self._language)
