"""Puts the corpus where executions read it."""

from __future__ import annotations

import gzip
import json
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chitra.corpus import CorpusReader
from chitra.errors import WorkshopError
from infra.names import CORPUS_PREFIX, UPLOADS_PREFIX
from workshop.aws.deployment import Deployment
from workshop.aws.objects import list_objects
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
        WorkshopError: the bucket is not the workshop's, or the upload is incomplete; its corpus is as it was.
    """
    bucket = deployment.bucket
    _require_own(s3, bucket, deployment.names.workshop)
    reader = CorpusReader(corpus)
    articles = text_bytes = 0
    for article in reader:
        articles += 1
        text_bytes += len(article.text.encode())
    with tempfile.TemporaryDirectory() as scratch:
        if instances > 1 or text_bytes > LARGE_CORPUS:
            size = max(1, min(ARTICLES_FILE, text_bytes // (instances * FILES_PER_INSTANCE)))
            files = _files_of_articles(corpus, Path(scratch), size)
        else:
            files = iter(_files(reader, Path(scratch)))
        _replace(s3, bucket, prefix, files)
    return articles


def _replace(s3: Any, bucket: str, prefix: str, files: Iterator[tuple[str, Path]]) -> None:
    """Upload beside the old files, then take their place: whatever cuts the upload leaves the old corpus as it was."""
    staging = f"{UPLOADS_PREFIX}{prefix}{uuid.uuid4().hex}/"
    sizes = dict[str, int]()
    try:
        for name, file in files:
            s3.upload_file(str(file), bucket, staging + name)
            sizes[name] = file.stat().st_size
        _check(s3, bucket, staging, sizes)
        old = [entry["Key"].removeprefix(prefix) for entry in list_objects(s3, bucket, prefix)]
        for name in sizes:
            s3.copy({"Bucket": bucket, "Key": staging + name}, bucket, prefix + name)
        for name in old:
            if name not in sizes:
                s3.delete_object(Bucket=bucket, Key=prefix + name)
    finally:
        for entry in list_objects(s3, bucket, staging):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])


def _check(s3: Any, bucket: str, staging: str, sizes: dict[str, int]) -> None:
    arrived = {entry["Key"].removeprefix(staging): entry["Size"] for entry in list_objects(s3, bucket, staging)}
    for name, size in sizes.items():
        if arrived.get(name) != size:
            raise WorkshopError(
                f"{name}: {arrived.get(name, 0):,} of {size:,} bytes arrived. The earlier corpus is as it was: "
                "run the command again."
            )


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


def _files_of_articles(corpus: Path, scratch: Path, size: int) -> Iterator[tuple[str, Path]]:
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
        yield file.name, file
        file.unlink()
        number += 1


def _files(reader: CorpusReader, scratch: Path) -> list[tuple[str, Path]]:
    """Names in the bucket, and the files: just those that the reader reads."""
    if not reader.is_folder_of_articles:
        return reader.files
    archive = scratch / ARCHIVE_NAME
    with (
        archive.open("wb") as target,
        gzip.GzipFile("", "wb", fileobj=target, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed) as tar,
    ):
        for name, file in sorted(reader.files):
            tar.add(file, arcname=name, filter=_without_traces)
    return [(ARCHIVE_NAME, archive)]


def _without_traces(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same articles make the same archive, whoever packs it and when: its checksum tells datasets apart."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
