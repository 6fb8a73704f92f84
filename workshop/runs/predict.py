"""Asks an endpoint which category a text belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.config import Config
from pydantic import BaseModel

from chitra.contract import Explanation
from chitra.errors import InputError, WorkshopError, in_one_line
from chitra.json_text import parse_json
from infra.names import Names
from workshop.aws.account import PATIENT, Account
from workshop.aws.run_names import is_named_by
from workshop.runs.asynchronous import LONGEST_BODY, ask_later, is_asynchronous

REASON_CHARACTERS = 200
PORTION = 32  # texts in a request, which a container has to answer within 60 seconds (InvokeEndpoint)
TOO_LONG = f"a text is too long for an asynchronous endpoint, {LONGEST_BODY:,} bytes. Shorten it."


class _Columns(BaseModel):
    """What `serve` answers to a list of texts. Any container may be behind an endpoint."""

    label: list[int]
    label_name: list[str]
    logits: list[list[float]]
    scores: list[dict[str, float]]


class _Word(BaseModel):
    text: str
    begin: int
    end: int
    weight: float


class _Explanation(BaseModel):
    """As `chitra.contract.Explanation`."""

    method: str
    steps: int
    label_name: str
    logit: float
    logit_without_words: float
    words: list[_Word]
    is_cut: bool


class _Explained(BaseModel):
    explanation: _Explanation


def predict(
    account: Account,
    endpoint: str,
    texts: list[str],
    on_portion: Callable[[int], None] = lambda count: None,
    config: Config = PATIENT,
) -> list[dict[str, Any]]:
    """One answer per text: label, label_name, logits and scores. ``on_portion`` hears how many more are answered;
    ``config`` says how patient the client is. The answers of an asynchronous endpoint are waited for.

    Raises:
        InputError: a text is too long for an asynchronous endpoint.
        WorkshopError: the endpoint's container answered something else.
    """
    later = is_asynchronous(account, endpoint)
    ask = partial(ask_later, account, endpoint) if later else partial(_ask_now, account, endpoint, config)
    answers = []
    for portion in _portions(texts, LONGEST_BODY if later else None):
        answers += _rows(endpoint, portion, ask(_body(portion)))
        on_portion(len(portion))
    return answers


def _portions(texts: list[str], most_bytes: int | None) -> Iterator[list[str]]:
    """In order; each is a request of so many texts, and bytes where these are limited."""

    def fits(portion: list[str]) -> bool:
        return len(portion) <= PORTION and (most_bytes is None or len(_body(portion)) <= most_bytes)

    portion = list[str]()
    for text in texts:
        if portion and not fits([*portion, text]):
            yield portion
            portion = []
        portion.append(text)
        if not fits(portion):
            raise InputError(TOO_LONG)
    if portion:
        yield portion


def _body(texts: list[str]) -> bytes:
    return json.dumps({"inputs": texts}).encode()


def _ask_now(account: Account, endpoint: str, config: Config, body: bytes) -> bytes:
    runtime = account.client("sagemaker-runtime", config=config)
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
    content: bytes = answer["Body"].read()
    return content


def _rows(endpoint: str, texts: list[str], answer: bytes) -> list[dict[str, Any]]:
    try:
        columns = _Columns.model_validate(parse_json(answer, endpoint))
        rows = list(zip(texts, columns.label, columns.label_name, columns.logits, columns.scores, strict=True))
        if any(name not in scores for _, _, name, _, scores in rows):
            raise ValueError("a label without a score")
    except (InputError, ValueError) as error:
        reason = in_one_line(error, REASON_CHARACTERS)
        raise WorkshopError(f"endpoint {endpoint}: its answer is none of this workshop's image ({reason}).") from error
    return [
        {"label": label, "label_name": name, "logits": logits, "scores": scores}
        for _, label, name, logits, scores in rows
    ]


def explain(account: Account, endpoint: str, text: str, config: Config = PATIENT) -> Explanation:
    """What the answer to a text rests on, word by word.

    Raises:
        InputError: the text is too long for an asynchronous endpoint.
        WorkshopError: the endpoint's container cannot tell.
    """
    body = json.dumps({"inputs": text, "explain": True}).encode()
    if not is_asynchronous(account, endpoint):
        answer = _ask_now(account, endpoint, config, body)
    elif len(body) <= LONGEST_BODY:
        answer = ask_later(account, endpoint, body)
    else:
        raise InputError(TOO_LONG)
    try:
        found: Any = _Explained.model_validate(parse_json(answer, endpoint)).explanation.model_dump()
    except (InputError, ValueError) as error:
        raise WorkshopError(f"endpoint {endpoint}: its image is an older one, which explains nothing.") from error
    explanation: Explanation = found
    return explanation


def newest_endpoint(account: Account, names: Names, user: str = "", prefix: str = "") -> str:
    """The endpoint in service that was made last: the user's own, by its name, or else the workshop's.

    ``prefix`` begins the names of those that the caller may ask; the workshop's when left out.
    """
    prefix = prefix or names.run_prefix
    pages = (
        account.client("sagemaker")
        .get_paginator("list_endpoints")
        .paginate(NameContains=prefix, StatusEquals="InService", SortBy="CreationTime", SortOrder="Descending")
    )
    all_names = (endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"])
    found = [name for name in all_names if name.startswith(prefix)]
    own = [name for name in found if user and is_named_by(names, user, name)]
    if not found:
        raise WorkshopError("no endpoint is in service. Make one with `.venv/bin/workshop run --endpoint`.")
    return str((own or found)[0])
