"""What a person sees while the rehearsal runs: its steps, the time they take, the end of the current log."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chitra.visible import visible
from local_aws.record import stage
from workshop.commands.common import plain

LOG_LINES = 8
REPORT_SECONDS = 20.0  # between two lines about a step that takes long, where nothing is live
MARKS = {"passed": "[green]✔[/]", "failed": "[red]✘[/]", "interrupted": "[yellow]■[/]"}


@dataclass(slots=True)
class Step:
    """One step of the rehearsal as the report tells it."""

    name: str
    started: float
    status: str = "running"
    seconds: float = 0.0
    note: str = ""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=40))

    @property
    def elapsed(self) -> float:
        return self.seconds or time.monotonic() - self.started

    def log(self, line: str) -> None:
        self.tail.append(line.rstrip())


class Progress:
    """Live on a terminal, one line per step elsewhere, and more about steps that take long.

    ``total`` is how many steps there will be; 0 where that is unknown.
    """

    def __init__(self, console: Console, title: str, total: int = 0, *, report_seconds: float = REPORT_SECONDS) -> None:
        self.steps: list[Step] = []
        self._total = total
        self._report_seconds = report_seconds
        self._console = console
        self._title = title
        self._started = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        else:
            self._console.print(plain(self._title))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step; an exception marks it and goes on up."""
        step = Step(name, time.monotonic())
        self.steps.append(step)
        try:
            with stage(name), nullcontext() if self._live else self._reported(step):
                yield step
            step.status = "passed"
        except KeyboardInterrupt:
            step.status = "interrupted"
            raise
        except BaseException:
            step.status = "failed"
            raise
        finally:
            step.seconds = max(time.monotonic() - step.started, 0.001)
            if self._live is None:
                self._print(step, step.note)

    @contextmanager
    def _reported(self, step: Step) -> Iterator[None]:
        """Say every so often that the step runs, with the last line of its log."""
        ended = threading.Event()

        def report() -> None:
            while not ended.wait(self._report_seconds):
                self._print(step, step.tail[-1] if step.tail else step.note)

        reporter = threading.Thread(target=report, daemon=True)
        reporter.start()
        try:
            yield
        finally:
            ended.set()
            reporter.join()

    def _print(self, step: Step, note: str) -> None:
        line = f"{step.status:>11}  {step.elapsed:6.1f} s  {step.name}  {note}"
        self._console.print(plain(line.rstrip()), soft_wrap=True)

    def _position(self) -> str:
        if not self.steps:
            return ""
        return f"step {len(self.steps)}{f' of {self._total}' if self._total else ''}  "

    def __rich__(self) -> Group:
        table = Table.grid(padding=(0, 1))
        for step in self.steps:
            mark = Text.from_markup(MARKS[step.status]) if step.status in MARKS else Spinner("dots", style="cyan")
            table.add_row(
                mark, f"{step.elapsed:6.1f} s", plain(step.name), Text(visible(step.note), style="dim", overflow="fold")
            )
        elapsed = int(time.monotonic() - self._started)
        position = f"{self._position()}{elapsed // 60}:{elapsed % 60:02}"
        parts: list[object] = [Text(visible(self._title), style="bold"), Text(position), table]
        current = next((step for step in self.steps if step.status == "running"), None)
        if current and current.tail:
            lines = "\n".join(visible(line)[: self._console.width - 4] for line in list(current.tail)[-LOG_LINES:])
            parts.append(
                Panel(Text(lines, style="dim"), title=plain(current.name), title_align="left", border_style="dim")
            )
        return Group(*parts)  # type: ignore[arg-type]
