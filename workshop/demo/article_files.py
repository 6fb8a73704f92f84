"""Reads the articles of a file that somebody gave to the page, and writes their categories for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chitra.errors import InputError
from chitra.json_text import parse_json
from workshop.data.spreadsheet import spreadsheet
from workshop.demo.problems import ProblemError

MEGABYTES = 5
MOST_ARTICLES = 1_000
MOST_CHARACTERS = 100_000
COLUMNS = ("text", "sentence1")


class Row(NamedTuple):
    """An article of a file and what it was taken for."""

    number: str
    category: str
    score: str
    article: str


def read_articles(file: Path) -> list[str]:
    """The texts of a CSV, JSONL or text file, in its order.

    Raises:
        ProblemError: says what is wrong with it, and in which line.
    """
    with file.open("rb") as stream:
        content = stream.read(MEGABYTES * 2**20 + 1)
    if len(content) > MEGABYTES * 2**20:
        raise ProblemError("file_size", megabytes=MEGABYTES)
    readers = {".csv": _of_csv, ".jsonl": _of_jsonl, ".txt": _of_lines}
    if file.suffix.lower() not in readers:
        raise ProblemError("file_kind")
    articles = list[str]()
    for line, article in readers[file.suffix.lower()](_text(content)):
        if len(articles) == MOST_ARTICLES:
            raise ProblemError("file_articles", most=MOST_ARTICLES)
        articles.append(_checked(article, line))
    if not articles:
        raise ProblemError("file_empty")
    return articles


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError("file_encoding", line=content.count(b"\n", 0, error.start) + 1) from error


def _checked(article: str, line: int) -> str:
    if not article.strip():
        raise ProblemError("file_blank", line=line)
    if len(article) > MOST_CHARACTERS:
        raise ProblemError("file_long", line=line, most=MOST_CHARACTERS)
    return article.strip()


def _of_lines(text: str) -> Iterator[tuple[int, str]]:
    """Each article with the line in which it begins."""
    return ((number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip())


def _of_jsonl(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line.encode(), "", line=number)
        except InputError as error:
            raise ProblemError("file_json", line=number) from error
        found = [row.get(name) for name in COLUMNS if name in row] if isinstance(row, dict) else [row]
        if not found or not isinstance(found[0], str):
            raise ProblemError("file_json", line=number)
        yield number, found[0].encode(errors="replace").decode()  # JSON can hold half of a surrogate pair


def _of_csv(text: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = _rows(reader)
    first, heading = next(rows, (1, [""]))
    column = _column(heading)
    if heading[column].strip().lower() not in COLUMNS and any(heading):  # one column without a name
        yield first, heading[column]
    for line, row in rows:
        if len(row) != len(heading):
            raise ProblemError("file_csv", line=line)
        yield line, row[column]


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Those that are not blank, with the line in which each begins."""
    try:
        before = 0
        for row in reader:
            if row:
                yield before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise ProblemError("file_csv", line=reader.line_num) from error


def _column(heading: Sequence[str]) -> int:
    names = [name.strip().lower() for name in heading]
    found = [names.index(name) for name in COLUMNS if name in names]
    if not found and len(heading) > 1:
        raise ProblemError("file_column")
    return (found or [0])[0]


def results_csv(heading: Sequence[str], rows: Sequence[Row]) -> bytes:
    return spreadsheet(heading, rows).encode()
