"""The workshop's corpus on this disk, and the reader's own in the bucket."""

from __future__ import annotations

import shutil
from pathlib import Path

from chitra.errors import WorkshopError
from chitra.inside import UnsafePathError, inside
from infra.names import CORPORA_PREFIX, CORPUS_PREFIX
from workshop.aws.deployment import aws_errors
from workshop.aws.objects import list_objects
from workshop.notebook.place import Workshop

FILES = Path("build/notebooks")  # below the workshop's folder


def download_corpus(workshop: Workshop) -> Path:
    """The corpus that the organiser uploaded for everybody, in a folder that is replaced.

    Raises:
        WorkshopError: there is none, or it could not be brought.
    """
    folder = workshop.home / FILES / "corpus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    s3, bucket = workshop.account.client("s3"), workshop.deployment.bucket
    with aws_errors():
        keys = [each["Key"] for each in list_objects(s3, bucket, CORPUS_PREFIX) if not each["Key"].endswith("/")]
        for key in keys:
            try:
                file = inside(folder, key.removeprefix(CORPUS_PREFIX))
            except UnsafePathError as error:
                raise WorkshopError(f"s3://{bucket}/{CORPUS_PREFIX}: ファイル名が不正です（{error}）。") from error
            file.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, key, str(file))
    if not keys:
        raise WorkshopError(
            f"s3://{bucket}/{CORPUS_PREFIX} にコーパスがありません。"
            "主催者に `workshop upload` を実行してもらってください。"
        )
    return folder


def own_prefix(workshop: Workshop) -> str:
    """Where the reader's own corpus goes. An organiser's notebook keeps its hands off everybody's corpus, too."""
    names = workshop.deployment.names
    return names.corpus_prefix(workshop.participant) if workshop.participant else f"{CORPORA_PREFIX}organiser/"


def remove_own_corpus(workshop: Workshop) -> int:
    """Delete it from the bucket, so that later runs read everybody's again; returns the number of its files."""
    s3, bucket = workshop.account.client("s3"), workshop.deployment.bucket
    with aws_errors():
        keys = [each["Key"] for each in list_objects(s3, bucket, own_prefix(workshop))]
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)
    return len(keys)
