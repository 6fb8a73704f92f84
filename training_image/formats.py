"""The texts in a request's body, and the body of their answer: JSON, JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chitra.contract import JSON_LINES, Explanation, PredictionAnswer
from training_image.bodies import MAX_BODY_BYTES
from training_image.predictor import Prediction

JSON, LINES, NDJSON, CSV = "application/json", JSON_LINES, "application/x-ndjson", "text/csv"
NOT_JSON = 'the body is not JSON in UTF-8; send {"inputs": "text"}'


class BadRequestError(Exception):
    """A request that cannot be answered: the status and the reason for the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Question:
    """``single`` where the request held a text, and no list."""

    texts: list[str]
    single: bool = False
    explain: bool = False


def read_question(content_type: str, body: bytes) -> Question:
    """The texts of a body.

    Raises:
        BadRequestError: says what is wrong with it, and in which line.
    """
    try:
        # A byte order mark is no part of a text; editors and spreadsheets write one.
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if content_type == JSON:
            raise BadRequestError(400, NOT_JSON) from error
        line = body.count(b"\n", 0, error.start) + 1
        raise BadRequestError(400, f"line {line} is not UTF-8; convert the text") from error
    return READERS[content_type](text)


def known(content_type: str) -> str:
    """The media type of a header.

    Raises:
        BadRequestError: the endpoint does not read it.
    """
    media_type = content_type.split(";")[0].strip().lower()
    if media_type not in READERS:
        raise BadRequestError(415, f"send Content-Type {JSON}, {LINES} or {CSV}, not {media_type or 'none'}")
    return media_type


def answer_type(accept: str, content_type: str) -> str:
    """The media type of the answer: CSV or JSON Lines where the header names one, else that of the request.

    Clients name JSON without being asked, so that is no wish.
    """
    wishes = [_wish(part) for part in accept.lower().split(",")]
    for media_type, weight in sorted(wishes, key=lambda wish: -wish[1]):
        if weight > 0 and media_type in (CSV, LINES, NDJSON):
            return media_type
    return content_type


def _wish(part: str) -> tuple[str, float]:
    media_type, *parameters = part.split(";")
    weights = [value for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "q"]
    try:
        return media_type.strip(), float(weights[0]) if weights else 1.0
    except ValueError:
        return media_type.strip(), 0.0


def write_answer(
    predictions: Sequence[Prediction], explanation: Explanation | None = None, *, single: bool, media_type: str
) -> bytes:
    """In JSON values for one text and lists for a list; else a line per text. CSV has no room for an explanation."""
    if media_type == CSV:
        stream = io.StringIO(newline="")
        rows = [[each.label, each.label_name, each.scores[each.label_name]] for each in predictions]
        csv.writer(stream, lineterminator="\n").writerows(rows)
        return stream.getvalue().encode()
    if media_type == JSON and not single:
        return _json(_of_all(predictions))
    answers = [_of_one(each) for each in predictions]
    if explanation:
        answers[0]["explanation"] = explanation
    return _json(answers[0]) if media_type == JSON else b"".join(_json(each) + b"\n" for each in answers)


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _of_one(prediction: Prediction) -> PredictionAnswer:
    """The hands-on's ``label`` and ``logits``, plus names and scores."""
    return {
        "label": prediction.label,
        "logits": [prediction.logits],
        "label_name": prediction.label_name,
        "scores": prediction.scores,
    }


def _of_all(predictions: Sequence[Prediction]) -> dict[str, Any]:
    return {
        "label": [each.label for each in predictions],
        "logits": [each.logits for each in predictions],
        "label_name": [each.label_name for each in predictions],
        "scores": [each.scores for each in predictions],
    }


def _of_json(text: str) -> Question:
    """``{"inputs": text or list}``, and whether to explain."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:  # no JSON, a number too long, or too deep
        raise BadRequestError(400, NOT_JSON) from error
    if not isinstance(document, dict) or "inputs" not in document:
        raise BadRequestError(400, 'the key "inputs" is missing; send {"inputs": "text"} or {"inputs": ["text", ...]}')
    inputs, explain = document["inputs"], document.get("explain", False)
    single = isinstance(inputs, str)
    texts = [inputs] if single else inputs
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(400, '"inputs" must be a text or a list of texts that is not empty')
    for number, each in enumerate(texts):
        _check(each, f'"inputs"[{number}]')
    if not isinstance(explain, bool):
        raise BadRequestError(400, '"explain" must be true or false')
    if explain and not single:
        raise BadRequestError(400, '"explain" takes one text: send {"inputs": "text", "explain": true}')
    return Question(texts, single, explain)


def _of_lines(text: str) -> Question:
    """A text, or an object with the key ``text``, per line; the last line end may be left out."""
    return Question([_of_line(line, number) for number, line in _lines(text)])


def _lines(text: str) -> Iterator[tuple[int, str]]:
    if not text:
        raise BadRequestError(400, "the body is empty; send a line per text")
    lines = text.split("\n")
    return enumerate(lines if lines[-1] else lines[:-1], 1)


def _of_line(line: str, number: int) -> str:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(400, f'line {number} is not JSON; send {{"text": "..."}} in each line') from error
    text = document.get("text") if isinstance(document, dict) else document
    return _check(text, f'the "text" of line {number}')


def _of_csv(text: str) -> Question:
    """One column without a heading, quoted as RFC 4180 says."""
    if not text:
        raise BadRequestError(400, "the body is empty; send a line per text")
    csv.field_size_limit(MAX_BODY_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    texts, first_line = list[str](), 1
    try:
        for row in reader:
            if len(row) > 1:
                reason = f'line {first_line} has {len(row)} columns; send one, and put a text with commas into "quotes"'
                raise BadRequestError(400, reason)
            texts.append(_check(row[0] if row else "", f"line {first_line}"))
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise BadRequestError(400, f'line {first_line} is not CSV ({error}); write " as "" within quotes') from error
    return Question(texts)


def _check(text: object, place: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise BadRequestError(400, f"{place} must be a text that is not empty")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(400, f"{place} holds half a surrogate pair; send the whole character") from error
    return text


READERS: dict[str, Callable[[str], Question]] = {JSON: _of_json, LINES: _of_lines, NDJSON: _of_lines, CSV: _of_csv}
