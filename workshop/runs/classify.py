"""Classifies a batch of articles with a finished run's model: an execution of the workflow that only does so."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from chitra.errors import InputError, WorkshopError
from infra.names import ARTEFACT_END, MODELS_PREFIX, artefact_key, run_of_job
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.objects import list_objects
from workshop.aws.run_names import is_named_by, new_run_name
from workshop.aws.waiting import none_if_missing
from workshop.runs.run import Run, find_run, start_execution

ARTICLES = "articles.jsonl"
ANSWERS = ".out"  # SageMaker's ending of what it writes for an object


def run_with_model(s3: Any, deployment: Deployment, name: str = "", *, user: str = "") -> str:
    """The run of this name, or the newest one of the user's own, or else of those that the caller may see; it left a
    model.

    Raises:
        WorkshopError: there is none.
    """
    prefix = f"{MODELS_PREFIX}{name or deployment.run_prefix}"
    models = [entry for entry in list_objects(s3, deployment.bucket, prefix) if entry["Key"].endswith(ARTEFACT_END)]
    models = [entry for entry in models if not name or entry["Key"] == artefact_key(name)]
    if not models:
        whose = f"run {name}: left no model" if name else "no run has left a model yet"
        raise WorkshopError(f"{whose} in s3://{deployment.bucket}/{prefix}. See `.venv/bin/workshop status`.")
    own = [entry for entry in models if user and is_named_by(deployment.names, user, run_of_job(_run_of(entry)))]
    return _run_of(max(own or models, key=lambda entry: entry["LastModified"]))


def _run_of(entry: dict[str, Any]) -> str:
    return str(entry["Key"]).removeprefix(MODELS_PREFIX).removesuffix(ARTEFACT_END)


def find_classification(account: Account, deployment: Deployment, name: str) -> Run:
    """The execution that classifies, by the name of its run.

    Raises:
        InputError: it does something else, and the model of its name may serve somebody.
        WorkshopError: there is none.
    """
    started = find_run(account, deployment, name)
    execution = account.client("stepfunctions").describe_execution(executionArn=started.execution_arn)
    if not json.loads(execution.get("input") or "{}").get("articles"):
        raise InputError(f"--collect {name}: is no classification. Its model reads articles with --run {name}.")
    return started


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
