"""Bodies in three formats: what is read, what is written, and what is said of those that cannot be read."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_image.formats import (
    CSV,
    JSON,
    LINES,
    NDJSON,
    BadRequestError,
    answer_type,
    known,
    read_question,
    write_answer,
)
from training_image.predictor import Prediction

SPORTS = Prediction(1, "sports, ball", [-1.5, 2.0], {"movies": 0.03, "sports, ball": 0.97})
MOVIES = Prediction(0, "movies", [2.0, -1.5], {"movies": 0.97, "sports, ball": 0.03})
texts = st.lists(st.text(st.characters(exclude_categories=["Cs"])).filter(str.strip), min_size=1, max_size=5)


@given(texts)
def test_should_read_the_same_texts_in_each_format(texts: list[str]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([text] for text in texts)
    lines = "\n".join(
        json.dumps(text if number % 2 else {"id": number, "text": text}) for number, text in enumerate(texts)
    )
    assert read_question(JSON, json.dumps({"inputs": texts}).encode()).texts == texts
    assert read_question(LINES, lines.encode()).texts == texts
    assert read_question(NDJSON, f"{lines}\n".encode()).texts == texts
    assert read_question(CSV, stream.getvalue().encode()).texts == texts


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("content_type", "body"), [(JSON, '{"inputs": "本文"}'), (LINES, '"本文"\r\n'), (CSV, "本文\r\n"), (CSV, '"本文"')]
)
def test_should_read_line_ends_and_byte_order_marks_as_editors_write_them(
    content_type: str, body: str, mark: bytes
) -> None:
    assert read_question(content_type, mark + body.encode()).texts == ["本文"]


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        (LINES, b"", "the body is empty; send a line per text"),
        (LINES, b'"a"\n\n"b"', 'line 2 is not JSON; send {"text": "..."} in each line'),
        (LINES, b'"a"\n{"text": "b"', 'line 2 is not JSON; send {"text": "..."} in each line'),
        (LINES, b'"a"\n{"body": "b"}', 'the "text" of line 2 must be a text that is not empty'),
        (LINES, b'"a"\n"b"\n[1]\n', 'the "text" of line 3 must be a text that is not empty'),
        (LINES, b'{"text": "\\ud83d"}', 'the "text" of line 1 holds half a surrogate pair; send the whole character'),
        (LINES, b'"a"\n' + b"[" * 100_000, 'line 2 is not JSON; send {"text": "..."} in each line'),
        (LINES, b'"a"\n"\xff"', "line 2 is not UTF-8; convert the text"),
        (CSV, b"", "the body is empty; send a line per text"),
        (CSV, b"a\n\nb", "line 2 must be a text that is not empty"),
        (CSV, b'"a\nb"\nc,d', 'line 3 has 2 columns; send one, and put a text with commas into "quotes"'),
        (CSV, b'a\n"b"c', "line 2 is not CSV (',' expected after '\"'); write \" as \"\" within quotes"),
        (CSV, b'a\n"b', 'line 2 is not CSV (unexpected end of data); write " as "" within quotes'),
        (JSON, b'{"inputs": "a", "explain": 1}', '"explain" must be true or false'),
        (
            JSON,
            b'{"inputs": ["a"], "explain": true}',
            '"explain" takes one text: send {"inputs": "text", "explain": true}',
        ),
    ],
)
def test_should_say_where_a_body_is_bad(content_type: str, body: bytes, reason: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        read_question(content_type, body)
    assert (refused.value.status, refused.value.reason) == (400, reason)


def test_should_write_a_line_per_text_that_ends_with_a_line_end() -> None:
    """So that a transform job may join the answers of several requests, and each with its record."""
    lines = write_answer([SPORTS, MOVIES], single=False, media_type=LINES).decode()
    assert lines.endswith("\n")
    one = write_answer([SPORTS], single=True, media_type=JSON)
    assert json.loads(lines.split("\n")[0]) == json.loads(one)
    assert write_answer([SPORTS, MOVIES], single=False, media_type=CSV).decode() == (
        '1,"sports, ball",0.97\n0,movies,0.97\n'
    )


def test_should_write_values_for_a_text_and_lists_for_a_list() -> None:
    assert json.loads(write_answer([SPORTS], single=True, media_type=JSON)) == {
        "label": 1,
        "logits": [[-1.5, 2.0]],
        "label_name": "sports, ball",
        "scores": {"movies": 0.03, "sports, ball": 0.97},
    }
    assert json.loads(write_answer([SPORTS], single=False, media_type=JSON))["label"] == [1]


@pytest.mark.parametrize(
    ("accept", "content_type", "expected"),
    [
        ("", LINES, LINES),
        ("*/*", CSV, CSV),
        ("application/json", LINES, LINES),  # what clients say without being asked
        ("text/csv", JSON, CSV),
        ("Text/CSV; charset=utf-8", JSON, CSV),
        ("application/jsonlines;q=0.5, text/csv;q=0.4", JSON, LINES),
        ("text/csv;q=0", LINES, LINES),
        ("text/csv;q=much", JSON, JSON),
        (";,;q=,", JSON, JSON),
    ],
)
def test_should_answer_in_the_format_that_is_asked_for(accept: str, content_type: str, expected: str) -> None:
    assert answer_type(accept, content_type) == expected


def test_should_know_its_formats_whatever_their_parameters() -> None:
    assert known("Text/CSV; charset=utf-8") == CSV
    with pytest.raises(BadRequestError, match="send Content-Type application/json, application/jsonlines or text/csv"):
        known("application/xml")
