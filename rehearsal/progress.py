"""What a person sees while the rehearsal runs: its steps, the time they take, the end of the current log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from chitra.visible import visible
from workshop.commands.common import plain

LOG_LINES = 8
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
    """Live on a terminal, one line per step elsewhere."""

    def __init__(self, console: Console, title: str) -> None:
        self.steps: list[Step] = []
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
                line = f"{step.status:>11}  {step.seconds:6.1f} s  {step.name}  {step.note}"
                self._console.print(plain(line.rstrip()), soft_wrap=True)

    def __rich__(self) -> Group:
        table = Table.grid(padding=(0, 1))
        for step in self.steps:
            mark = Text.from_markup(MARKS[step.status]) if step.status in MARKS else Spinner("dots", style="cyan")
            table.add_row(mark, f"{step.elapsed:6.1f} s", plain(step.name), Text(visible(step.note), style="dim"))
        elapsed = int(time.monotonic() - self._started)
        parts: list[object] = [Text(visible(f"{self._title}  {elapsed // 60}:{elapsed % 60:02}"), style="bold"), table]
        current = next((step for step in self.steps if step.status == "running"), None)
        if current and current.tail:
            lines = "\n".join(visible(line)[: self._console.width - 4] for line in list(current.tail)[-LOG_LINES:])
            parts.append(
                Panel(Text(lines, style="dim"), title=plain(current.name), title_align="left", border_style="dim")
            )
        return Group(*parts)  # type: ignore[arg-type]
