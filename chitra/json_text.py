"""Reads JSON from strangers: whatever is wrong with it is one line that names the place."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from chitra.errors import InputError

MAX_DEPTH = 100  # of brackets in brackets: ours have less than ten; Python's own limit depends on who set it last
FILE_BYTES = 8 * 2**20  # configurations and manifests have some kilobytes
# Nothing is tried twice: the text was made by somebody who may want to keep the parser busy.
STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def read_json(file: Path) -> Any:
    """The document in a file.

    Raises:
        InputError: names the file, and the line where there is one.
        OSError: it cannot be opened.
    """
    with file.open("rb") as stream:
        content = stream.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise InputError(f"{file}: is larger than {FILE_BYTES:,} bytes. Give a smaller file.")
    return parse_json(content, str(file))


def parse_json(content: bytes, source: str, *, line: int | None = None) -> Any:
    """The document in ``content``, which was read from ``source``; ``line`` is where in it, if it is one line of many.

    Raises:
        InputError: it is no JSON in UTF-8, too deep, or holds a number too long for Python.
    """
    try:
        text = content.decode("utf-8-sig" if line in (None, 1) else "utf-8")
    except UnicodeDecodeError as error:
        found = line or content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{source}:{found}: is not UTF-8 (byte {error.start}). Convert the file.") from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        depth, deepest_line = _depth(text)
        if depth > MAX_DEPTH:
            raise InputError(f"{source}:{line or deepest_line}: is nested too deeply. Write flat JSON.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{source}:{line or error.lineno}: is not JSON ({error.msg}). Mend it there.") from error
    except ValueError as error:
        limit = sys.get_int_max_str_digits()
        found = line or _line_of_digits(text, limit + 1)
        raise InputError(f"{source}:{found}: holds a number of more than {limit} digits. Shorten it.") from error


def _depth(text: str) -> tuple[int, int]:
    """How deep the innermost bracket is, and its line; strings are skipped."""
    depth = deepest = place = 0
    for match in STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > deepest:
            deepest, place = depth, match.start()
    return deepest, text.count("\n", 0, place) + 1


def _line_of_digits(text: str, count: int) -> int:
    """The line of the first number of so many digits."""
    number = re.search(rf"(?<!\d)\d{{{count},}}", text)
    return text.count("\n", 0, number.start()) + 1 if number else 1
