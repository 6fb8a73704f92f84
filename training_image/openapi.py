"""What the app's OpenAPI document says of its routes: each body and status that they answer."""

from __future__ import annotations

from typing import Any

from training_image.counters import CONTENT_TYPE
from training_image.formats import CSV, JSON, LINES, NDJSON

Responses = dict[int | str, dict[str, Any]]

TEXT = {"type": "string", "minLength": 1, "pattern": r"\S"}
NUMBER = {"type": "number"}
NUMBERS = {"type": "array", "items": NUMBER}
SCORES = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
    "additionalProperties": False,
}


def _object(**properties: Any) -> dict[str, Any]:
    """All of them are there, and nothing else."""
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": item}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": ERROR}}}


def _document(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


LABEL = {"type": "integer", "minimum": 0}
WORD = _object(text={"type": "string"}, begin=LABEL, end=LABEL, weight=NUMBER)
EXPLANATION = _object(
    method={"type": "string"},
    steps={"type": "integer", "minimum": 1},
    label_name={"type": "string"},
    logit=NUMBER,
    logit_without_words=NUMBER,
    words={"type": "array", "items": WORD},
    is_cut={"type": "boolean"},
)
ONE = _object(label=LABEL, logits={**_list(NUMBERS), "maxItems": 1}, label_name={"type": "string"}, scores=SCORES)
ONE["properties"]["explanation"] = EXPLANATION
ALL = _object(label=_list(LABEL), logits=_list(NUMBERS), label_name=_list({"type": "string"}), scores=_list(SCORES))
REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {"inputs": {"anyOf": [TEXT, _list(TEXT)]}, "explain": {"type": "boolean"}},
    # An explanation is of one text.
    "anyOf": [{"properties": {"inputs": TEXT}}, {"properties": {"explain": {"const": False}}}],
}
LINE_BY_LINE = {"type": "string", "minLength": 1}

INVOCATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": REQUEST, "example": {"inputs": "延長戦の末に代表チームが勝ちました。"}},
            **{each: {"schema": LINE_BY_LINE, "example": '{"text": "..."}\n'} for each in (LINES, NDJSON)},
            CSV: {"schema": LINE_BY_LINE, "example": '"..."\n'},
        },
    }
}
RETRY = {"Retry-After": {"description": "Seconds.", "required": True, "schema": {"type": "integer", "minimum": 1}}}
INVOCATIONS: Responses = {
    200: {
        "description": "One prediction per text, in order.",
        "content": {
            JSON: {"schema": {"anyOf": [ONE, ALL]}},
            **{each: {"schema": LINE_BY_LINE} for each in (LINES, NDJSON, CSV)},
        },
    },
    400: _error("The body cannot be used."),
    408: _error("The body did not arrive in time."),
    413: _error("The body, or the work that it asks for, is too large."),
    415: _error("The content type is none that is read."),
    500: _error("The model failed."),
    503: {**_error("The queue is full, or the time over."), "headers": RETRY},
}
PING: Responses = {
    200: _document("The model answers.", _object(status={"const": "ok"})),
    503: _error("The model does not answer any more."),
}
EXECUTION_PARAMETERS: Responses = {
    200: _document(
        "What a transform job should do.",
        _object(
            MaxConcurrentTransforms={"type": "integer", "minimum": 1},
            BatchStrategy={"const": "MULTI_RECORD"},
            MaxPayloadInMB={"type": "integer", "minimum": 1},
        ),
    )
}
METRICS: Responses = {
    200: {
        "description": "Counters for Prometheus.",
        "content": {CONTENT_TYPE: {"schema": {"type": "string"}}},
    }
}
