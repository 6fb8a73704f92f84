"""Classifies a batch of articles with a finished run's model: an execution of the workflow that only does so."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from chitra.errors import WorkshopError
from infra.names import ARTEFACT_END, MODELS_PREFIX, artefact_key
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.objects import list_objects
from workshop.aws.run_names import new_run_name
from workshop.aws.waiting import none_if_missing
from workshop.runs.run import Run, start_execution

ARTICLES = "articles.jsonl"
ANSWERS = ".out"  # SageMaker's ending of what it writes for an object


def run_with_model(s3: Any, deployment: Deployment, name: str = "") -> str:
    """The run of this name, or the newest one of those that the caller may see; it left a model.

    Raises:
        WorkshopError: there is none.
    """
    prefix = f"{MODELS_PREFIX}{name or deployment.run_prefix}"
    models = [entry for entry in list_objects(s3, deployment.bucket, prefix) if entry["Key"].endswith(ARTEFACT_END)]
    models = [entry for entry in models if not name or entry["Key"] == artefact_key(name)]
    if not models:
        whose = f"run {name}: left no model" if name else "no run has left a model yet"
        raise WorkshopError(f"{whose} in s3://{deployment.bucket}/{prefix}. See `.venv/bin/workshop status`.")
    newest = max(models, key=lambda entry: entry["LastModified"])
    return str(newest["Key"]).removeprefix(MODELS_PREFIX).removesuffix(ARTEFACT_END)


def start_classification(
    account: Account, deployment: Deployment, lines: Iterable[bytes], *, of: str, user: str = ""
) -> Run:
    """Upload the articles and start the execution; ``of`` is the run whose model reads them."""
    name = new_run_name(deployment.names, user)
    folder = deployment.names.classified_prefix(user, name)
    with tempfile.TemporaryFile() as file:
        file.writelines(lines)
        file.seek(0)
        account.client("s3").upload_fileobj(file, deployment.bucket, f"{folder}/{ARTICLES}")
    artefact = f"s3://{deployment.bucket}/{artefact_key(of)}"
    return start_execution(account, deployment, name, {"artefact": artefact, "articles": folder})


def answers_of(account: Account, deployment: Deployment, run: str, *, user: str = "") -> Iterator[tuple[str, bytes]]:
    """Names and contents of what the job wrote.

    Raises:
        WorkshopError: it wrote nothing.
    """
    s3, folder = account.client("s3"), deployment.names.classified_prefix(user, run)
    keys = [entry["Key"] for entry in list_objects(s3, deployment.bucket, f"{folder}/")]
    written = sorted(key for key in keys if key.endswith(ANSWERS))
    if not written:
        raise WorkshopError(f"run {run}: left no answers in s3://{deployment.bucket}/{folder}/.")
    for key in written:
        body = s3.get_object(Bucket=deployment.bucket, Key=key)["Body"]
        yield key.rpartition("/")[2], body.read()


def remove_model(account: Account, run: str) -> None:
    """The workflow does so; not where the execution was stopped."""
    none_if_missing(partial(account.client("sagemaker").delete_model, ModelName=run))
