"""Rows of measurements: a table for people, a file for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from infra.settings import PROJECT

REPORT = PROJECT / "build/bench/report.json"


@dataclass(frozen=True, slots=True)
class Row:
    """``ours`` and ``reference`` are medians over ``runs``; ``ratio`` is how many times better ours is.

    ``reference`` and ``ratio`` are None where there is nothing to compare with, ``limit`` where there is none.
    """

    name: str
    unit: str
    ours: float
    reference: float | None
    ratio: float | None
    limit: float | None
    runs: int


def write_report(rows: Sequence[Row]) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def print_report(rows: Sequence[Row]) -> None:
    table = Table(title=f"medians of interleaved runs, {os.cpu_count()} CPUs")
    for heading in ("", "unit", "ours", "reference", "ratio", "limit", "runs"):
        table.add_column(heading, justify="left" if heading in ("", "unit") else "right")
    for row in rows:
        numbers = (f"{row.ours:,.1f}", _text(row.reference), _text(row.ratio, 2), _text(row.limit), str(row.runs))
        table.add_row(row.name, row.unit, *numbers)
    Console().print(table)


def _text(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
