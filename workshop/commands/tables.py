"""Tables that nothing is cut from: rows where they fit, and a block of lines per thing on narrow terminals."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workshop.commands.common import console, plain, say

ROOM_FOR_SENTENCES = 24
GAP = 3  # between two columns

Cell = str | Text


def show_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Each row begins with a name. The last column may hold sentences, which go over several lines."""
    if not rows:
        say(f"{title}: none")
        return
    texts = [[cell if isinstance(cell, Text) else plain(cell) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(map(Text, headings), *texts, strict=True)]
    needed = sum(widths[:-1]) + min(widths[-1], ROOM_FOR_SENTENCES) + GAP * len(widths) + 1
    if needed <= console.width:
        _print_rows(title, headings, texts)
    else:
        _print_blocks(title, headings, texts)


def _print_rows(title: str, headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    table = Table(title=plain(title), title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, no_wrap=heading != headings[-1], overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print_blocks(title: str, headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    say(title, "italic")
    for row in rows:
        console.print(row[0], style="bold", soft_wrap=True)  # to be copied into commands
        for heading, cell in zip(headings[1:], row[1:], strict=True):
            if cell.plain:
                console.print(Padding(Text.assemble(f"{heading}: ", cell, overflow="fold"), (0, 0, 0, 2)))
