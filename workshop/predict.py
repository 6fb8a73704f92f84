"""Asks an endpoint which category a text belongs to."""

from __future__ import annotations

import json
from typing import Any

import boto3

from infra.names import Names
from workshop.errors import WorkshopError


def predict(session: boto3.Session, endpoint: str, texts: list[str]) -> list[dict[str, Any]]:
    """One answer per text: label, label_name, logits and scores."""
    answer = session.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="application/json", Body=json.dumps({"inputs": texts}).encode()
    )
    columns = json.loads(answer["Body"].read())
    return [
        {"label": label, "label_name": name, "logits": logits, "scores": scores}
        for label, name, logits, scores in zip(
            columns["label"], columns["label_name"], columns["logits"], columns["scores"], strict=True
        )
    ]


def newest_endpoint(session: boto3.Session, names: Names) -> str:
    """The workshop's endpoint in service that was made last."""
    pages = (
        session.client("sagemaker")
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
