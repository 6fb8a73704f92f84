"""What the endpoint has done so far, for Prometheus: its text format 0.0.4."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Of a request or one of its stages.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50)
INPUTS = (1, 2, 4, 8, 16, 32, 64, 128)
TOKENS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


class Counter:
    """A number per value of its one label; it only grows."""

    kind = "counter"

    def __init__(self, name: str, help_text: str, label: str) -> None:
        self.name, self.help_text, self._label = name, help_text, label
        self._values: defaultdict[str, int] = defaultdict(int)

    def add(self, value: str) -> None:
        self._values[value] += 1

    def lines(self) -> list[str]:
        return [f'{self.name}{{{self._label}="{value}"}} {count}' for value, count in sorted(self._values.items())]


class Gauge:
    """A number that goes up and down, read when it is asked for."""

    kind = "gauge"

    def __init__(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        self.name, self.help_text, self._read = name, help_text, read

    def lines(self) -> list[str]:
        return [f"{self.name} {self._read():g}"]


class Histogram:
    """How many values lie within each of its bounds, by the value of a label where it has one."""

    kind = "histogram"

    def __init__(self, name: str, help_text: str, bounds: Sequence[float], label: str = "") -> None:
        self.name, self.help_text, self._label, self._bounds = name, help_text, label, bounds
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(bounds) + 1))
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def observe(self, amount: float, value: str = "") -> None:
        with self._lock:
            self._counts[value][bisect_left(self._bounds, amount)] += 1
            self._sums[value] += amount

    def lines(self) -> list[str]:
        with self._lock:
            return [line for value in sorted(self._counts) for line in self._of(value)]

    def _of(self, value: str) -> list[str]:
        label = f'{self._label}="{value}"' if self._label else ""
        within, lines = 0, list[str]()
        for bound, count in zip([*map(str, self._bounds), "+Inf"], self._counts[value], strict=True):
            within += count
            lines.append(f'{self.name}_bucket{{{label}{"," if label else ""}le="{bound}"}} {within}')
        braces = f"{{{label}}}" if label else ""
        return [*lines, f"{self.name}_sum{braces} {self._sums[value]:.6f}", f"{self.name}_count{braces} {within}"]


class Counters:
    """Of requests (from the event loop), of batches and stages (from any thread)."""

    def __init__(self) -> None:
        self.requests = Counter("chitra_requests_total", "Requests to /invocations by the status answered.", "status")
        self.request_seconds = Histogram(
            "chitra_request_seconds", "Seconds from a request's head to its answer.", SECONDS
        )
        self.stage_seconds = Histogram("chitra_stage_seconds", "Seconds by stage.", SECONDS, "stage")
        self.batch_inputs = Histogram("chitra_batch_inputs", "Inputs that the model read at once.", INPUTS)
        self.batch_tokens = Histogram("chitra_batch_tokens", "Tokens that the model read at once.", TOKENS)
        self.gauges = list[Gauge]()

    def text(self) -> str:
        histograms = self.request_seconds, self.stage_seconds, self.batch_inputs, self.batch_tokens
        metrics: list[Counter | Gauge | Histogram] = [self.requests, *histograms, *self.gauges]
        lines = list[str]()
        for each in metrics:
            lines += [f"# HELP {each.name} {each.help_text}", f"# TYPE {each.name} {each.kind}", *each.lines()]
        return "\n".join(lines) + "\n"
