"""CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# A spreadsheet takes a cell for a formula that begins so; Japanese ones take full-width signs, too.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
BYTE_ORDER_MARK = "\ufeff"  # without which Excel takes UTF-8 for another encoding


def spreadsheet(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The content of a file; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows([_no_formula(cell) for cell in row] for row in rows)
    return BYTE_ORDER_MARK + text.getvalue()


def _no_formula(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
