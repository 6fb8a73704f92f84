"""Moves folders between S3 and the folders that a job sees."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chitra.archives import extract
from chitra.inside import inside


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def download_prefix(s3: Any, uri: str, folder: Path, *, share: tuple[int, int] = (0, 1)) -> int:
    """Every object under a prefix, as SageMaker lays them out, or one instance's share; returns how many there are.

    Raises:
        UnsafePathError: an object's key leads out of the folder.

    ``share`` is the instance's number, from 0, and how many they are: ShardedByS3Key.
    """
    bucket, prefix = split_uri(uri)
    folder.mkdir(parents=True, exist_ok=True)
    number, instances = share
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", []) if not entry["Key"].endswith("/")]
    for key in keys[number::instances]:
        target = inside(folder, key[len(prefix) :].lstrip("/") or key.rpartition("/")[2])
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(bucket, key, str(target))
    return len(keys)


def upload_folder(s3: Any, folder: Path, uri: str) -> None:
    """Files only: a link that a job left would lead to files of this machine."""
    bucket, prefix = split_uri(uri)
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            s3.upload_file(str(file), bucket, f"{prefix.rstrip('/')}/{file.relative_to(folder).as_posix()}")


def upload_archive(s3: Any, folder: Path, uri: str, scratch: Path) -> bool:
    """The folder's content as one .tar.gz; False when there is nothing in it."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    scratch.unlink(missing_ok=True)  # a job may have left a link there
    with tarfile.open(scratch, "w:gz", compresslevel=1) as tar:
        for entry in sorted(folder.iterdir()):
            tar.add(entry, arcname=entry.name)
    bucket, key = split_uri(uri)
    s3.upload_file(str(scratch), bucket, key)
    scratch.unlink()
    return True


def download_archive(s3: Any, uri: str, folder: Path, scratch: Path) -> None:
    bucket, key = split_uri(uri)
    s3.download_file(bucket, key, str(scratch))
    folder.mkdir(parents=True, exist_ok=True)
    extract(scratch, folder)
    scratch.unlink()
