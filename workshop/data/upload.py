"""Puts the corpus where executions read it."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chitra.corpus import CorpusReader
from chitra.errors import WorkshopError
from infra.names import CORPUS_PREFIX
from workshop.aws.deployment import Deployment
from workshop.aws.tags import owner
from workshop.aws.waiting import none_if_missing

ARCHIVE_NAME = "corpus.tar.gz"
LARGE_CORPUS = 64_000_000  # bytes of text, from which on files of articles travel, whatever the corpus was read from
ARTICLES_FILE = 16_000_000  # bytes of text in one of them; livedoor articles: about 5,000
FILES_PER_INSTANCE = 4  # so that SageMaker gives each instance about as much


def upload_corpus(
    s3: Any, deployment: Deployment, corpus: Path, *, prefix: str = CORPUS_PREFIX, instances: int = 1
) -> int:
    """Replace what is under ``prefix`` in the workshop's bucket by ``corpus``; returns the number of its articles.

    A folder of articles travels as one archive. A large corpus, or one that several ``instances`` share, travels as
    JSONL files of which each instance gets its part.

    Raises:
        InputError: the corpus cannot be used; the bucket is as it was.
        WorkshopError: the bucket is not the workshop's, so that nothing in it may be replaced.
    """
    bucket = deployment.bucket
    _require_own(s3, bucket, deployment.names.workshop)
    articles = text_bytes = 0
    for article in CorpusReader(corpus):
        articles += 1
        text_bytes += len(article.text.encode())
    with tempfile.TemporaryDirectory() as scratch:
        if instances > 1 or text_bytes > LARGE_CORPUS:
            size = max(1, min(ARTICLES_FILE, text_bytes // (instances * FILES_PER_INSTANCE)))
            files = _files_of_articles(corpus, Path(scratch), size)
        else:
            files = iter(_files(corpus, Path(scratch)))
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
        for file in files:
            s3.upload_file(str(file), bucket, prefix + file.name)
    return articles


def has_corpus(s3: Any, bucket: str, prefix: str) -> bool:
    """Whether anything was uploaded there."""
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))


def _require_own(s3: Any, bucket: str, workshop: str) -> None:
    tags = none_if_missing(lambda: s3.get_bucket_tagging(Bucket=bucket))
    if tags is None or owner(tags["TagSet"]) != workshop:
        raise WorkshopError(
            f"s3://{bucket}: does not carry the tag of workshop {workshop!r}; nothing was uploaded. "
            f"Look at the parameter /{workshop}/bucket, which names it, or run `make deploy`."
        )


def _files_of_articles(corpus: Path, scratch: Path, size: int) -> Iterator[Path]:
    """JSONL files with some ``size`` bytes of text each; one at a time takes space on disk."""
    articles = iter(CorpusReader(corpus))
    article = next(articles, None)
    number = 0
    while article:
        file = scratch / f"articles-{number:05}.jsonl"
        written = 0
        with file.open("w", encoding="utf-8") as lines:
            while article and written < size:
                row = {"sentence1": article.text, "label": article.category}
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                written += len(article.text.encode())
                article = next(articles, None)
        yield file
        file.unlink()
        number += 1


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
