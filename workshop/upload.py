"""Puts the corpus where executions read it."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import Any

from infra.names import CORPUS_PREFIX
from preprocessing.corpus import read_corpus

ARCHIVE_NAME = "corpus.tar.gz"


def upload_corpus(s3: Any, bucket: str, corpus: Path) -> int:
    """Replace the bucket's corpus by ``corpus``; returns the number of its articles.

    A folder of articles travels as one archive.

    Raises:
        InputError: the corpus cannot be used; the bucket is as it was.
    """
    articles = len(read_corpus(corpus).articles)
    with tempfile.TemporaryDirectory() as scratch:
        files = _files(corpus, Path(scratch))
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=CORPUS_PREFIX):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
        for file in files:
            s3.upload_file(str(file), bucket, CORPUS_PREFIX + file.name)
    return articles


def _files(corpus: Path, scratch: Path) -> list[Path]:
    if corpus.is_file():
        return [corpus]
    flat = [file for file in sorted(corpus.iterdir()) if file.name.endswith((".jsonl", ".tar.gz", ".tgz", ".tar"))]
    if flat:
        return flat
    archive = scratch / ARCHIVE_NAME
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(corpus.rglob("*.txt")):
            tar.add(file, arcname=file.relative_to(corpus).as_posix())
    return [archive]
