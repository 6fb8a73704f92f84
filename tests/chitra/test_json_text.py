"""JSON from strangers: one line that names the place, in a time that grows with the text only."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chitra.errors import InputError
from chitra.json_text import FILE_BYTES, parse_json, read_json


def test_should_read_what_is_json() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": ["\xe3\x81\x82", 1.5, null]}', "f") == {"a": ["あ", 1.5, None]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f:1: is not JSON"),
        (b"[1,\n2,\n]", "f:3: is not JSON"),
        (b'{"a":\n"\xff"}', r"f:2: is not UTF-8 \(byte 7\)"),
        (b'["[[[[", \n' + b"[" * 5_000 + b"]" * 5_000 + b"\n]", "f:2: is nested too deeply"),
        (b"\n" + b'{"a":' * 100_000, "f:2: is nested too deeply"),
        (b"[1,\n\n" + b"7" * 4_301 + b"]", "f:3: holds a number of more than 4300 digits"),
        (b"-" + b"7" * 100_000, "f:1: holds a number"),
    ],
)
def test_should_name_the_line(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_json(content, "f")
    assert len(str(caught.value)) < 200


def test_should_name_the_line_that_the_caller_reads() -> None:
    for content in (b"{", b"[" * 5_000, b"7" * 5_000, b"\xff"):
        with pytest.raises(InputError, match=r"^f:12: "):
            parse_json(content, "f", line=12)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 5_000 + b'"' + b'\\"' * 2_000_000,
        b"[" * 5_000 + b'"' * 4_000_000,
        b"[" + (b"7" * 4_300 + b",") * 900 + b"7" * 4_301 + b"]",
        b"[" * 4_000_000,
    ],
    ids=range(4),
)
def test_should_not_be_kept_busy(content: bytes) -> None:
    started = time.process_time()
    with pytest.raises(InputError):
        parse_json(content, "f")
    assert time.process_time() - started < 10


def test_should_not_read_a_large_file(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as stream:
        stream.truncate(5_000_000_000)
    with pytest.raises(InputError, match=rf"a\.json: is larger than {FILE_BYTES:,} bytes"):
        read_json(tmp_path / "a.json")
