"""Asks an endpoint which category a text belongs to."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from chitra.errors import InputError, WorkshopError
from chitra.json_text import parse_json
from infra.names import Names
from workshop.aws.account import Account

REASON_CHARACTERS = 200


class _Columns(BaseModel):
    """What `serve` answers to a list of texts. Any container may be behind an endpoint."""

    label: list[int]
    label_name: list[str]
    logits: list[list[float]]
    scores: list[dict[str, float]]


def predict(account: Account, endpoint: str, texts: list[str]) -> list[dict[str, Any]]:
    """One answer per text: label, label_name, logits and scores.

    Raises:
        WorkshopError: the endpoint's container answered something else.
    """
    answer = account.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="application/json", Body=json.dumps({"inputs": texts}).encode()
    )
    try:
        columns = _Columns.model_validate(parse_json(answer["Body"].read(), endpoint))
        rows = list(zip(texts, columns.label, columns.label_name, columns.logits, columns.scores, strict=True))
        if any(name not in scores for _, _, name, _, scores in rows):
            raise ValueError("a label without a score")
    except (InputError, ValueError) as error:
        reason = " ".join(str(error).split())[:REASON_CHARACTERS]
        raise WorkshopError(f"endpoint {endpoint}: its answer is none of this workshop's image ({reason}).") from error
    return [
        {"label": label, "label_name": name, "logits": logits, "scores": scores}
        for _, label, name, logits, scores in rows
    ]


def newest_endpoint(account: Account, names: Names) -> str:
    """The workshop's endpoint in service that was made last."""
    pages = (
        account.client("sagemaker")
        .get_paginator("list_endpoints")
        .paginate(
            NameContains=names.run_prefix, StatusEquals="InService", SortBy="CreationTime", SortOrder="Descending"
        )
    )
    for page in pages:
        for endpoint in page["Endpoints"]:
            if endpoint["EndpointName"].startswith(names.run_prefix):
                return str(endpoint["EndpointName"])
    raise WorkshopError("no endpoint is in service. Make one with `workshop run --endpoint`.")
