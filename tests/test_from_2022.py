"""docs/from-2022.md leaves out no cell and no slide of the 2022 hands-on, and names sections of our notebooks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.helpers.project import ROOT

TEXT = (ROOT / "docs/from-2022.md").read_text(encoding="utf-8")
ROWS = {
    title: [row.strip("| ").split(" | ") for row in table.splitlines() if re.match(r"\| (\d|-|slide)", row)]
    for title, table in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[012]*.ipynb"))


@pytest.mark.parametrize(
    ("title", "first", "last"),
    [
        ("00 ハンズオンの準備", 0, 11),
        ("01 SudachiとchiTraを使う", 0, 52),
        ("02 chiTraモデルのファインチューニング", 0, 41),
        ("Slides", 1, 33),
    ],
)
def test_should_say_where_each_cell_went(title: str, first: int, last: int) -> None:
    spans = [row[0].partition("-") for row in ROWS[title] if row[0][0].isdigit()]
    assert [n for begin, _, end in spans for n in range(int(begin), int(end or begin) + 1)] == [*range(first, last + 1)]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: str(file.name))
def test_should_name_sections_that_exist(file: Path) -> None:
    places = [place for rows in ROWS.values() for row in rows for place in row[2].split("; ")]
    named = {place.removeprefix(f"{file.name[:2]}, ") for place in places if re.match(f"{file.name[:2]}, \\d", place)}
    assert named <= headings(file)


def headings(file: Path) -> set[str]:
    """``1`` for section 1, ``1, Title`` for one below it."""
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).splitlines()]
    found, section = set[str](), ""
    for line in lines:
        if match := re.match(r"## (\d+)\.", line):
            section = match[1]
            found.add(section)
        elif line.startswith("### "):
            found.add(f"{section}, {line[4:]}")
    return found
