"""Takes trained models, reports and datasets home: each file verified, an interrupted download resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from preprocessing.archives import extract, sha256_of
from workshop.advice import advice
from workshop.errors import WorkshopError
from workshop.export_ledger import ORGANISER, record_finished, record_started
from workshop.files import write_whole

MODELS, DATASETS = "models/", "datasets/"
ARCHIVES = {"model.tar.gz": "model", "output.tar.gz": "report"}
CHECKSUMS = "SHA256SUMS"
MEBIBYTE = 1 << 20
CHUNK_BYTES = MEBIBYTE
ATTEMPTS = 5

Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all


@dataclass(frozen=True, slots=True)
class Source:
    """An object to take home. ``etag`` is as S3 gives it, in quotation marks."""

    key: str
    etag: str
    size: int
    target: PurePosixPath  # below the run's folder


def runs_with_results(s3: Any, bucket: str) -> list[str]:
    """Names of all runs that left a model or a dataset."""
    keys = [entry["Key"] for prefix in (MODELS, DATASETS) for entry in _objects(s3, bucket, prefix)]
    return sorted({key.split("/")[1] for key in keys if key.count("/") > 1})


def sources(s3: Any, bucket: str, run: str) -> list[Source]:
    """What a run left: model, report and datasets."""
    found = []
    for prefix, folder in ((f"{MODELS}{run}/output/", ""), (f"{DATASETS}{run}/", "datasets")):
        for entry in _objects(s3, bucket, prefix):
            relative = PurePosixPath(folder) / entry["Key"].removeprefix(prefix)
            if ".." in relative.parts or relative.is_absolute():
                raise WorkshopError(f"s3://{bucket}/{entry['Key']}: its name leaves the folder; it is not exported.")
            found.append(Source(entry["Key"], entry["ETag"], entry["Size"], relative))
    return found


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (entry for entry in page.get("Contents", []) if not entry["Key"].endswith("/"))


def export_run(
    s3: Any,
    bucket: str,
    run: str,
    folder: Path,
    progress: Progress = lambda name, done, total: None,
    by: str = ORGANISER,
) -> list[Path]:
    """Download what a run left below ``folder`` and unpack its archives.

    A file gets its name only when it is whole and its checksum is right; ``SHA256SUMS`` lists them all, for
    ``sha256sum -c``. The bucket records, in the folder of the user ``by``, when the export began and was complete.

    Raises:
        WorkshopError: there is nothing to export, or a download cannot be completed; run it again to go on.
    """
    wanted = sources(s3, bucket, run)
    if not wanted:
        raise WorkshopError(f"run {run}: has nothing to export in s3://{bucket}. Is its name right?")
    etags = {source.key: source.etag for source in wanted}
    record_started(s3, bucket, run, etags, by)
    files = [folder / source.target for source in wanted]
    for source, file in zip(wanted, files, strict=True):
        _download(s3, bucket, source, file, progress)
    lines = [f"{sha256_of(file)}  {source.target}" for source, file in zip(wanted, files, strict=True)]
    write_whole(folder / CHECKSUMS, "\n".join(lines) + "\n")
    for archive, name in ARCHIVES.items():
        if (folder / archive).is_file():
            extract(folder / archive, folder / name)
    record_finished(s3, bucket, run, etags, by)
    return files


def _download(s3: Any, bucket: str, source: Source, file: Path, progress: Progress) -> None:
    part_sizes = _part_sizes(s3, bucket, source)
    if file.exists() and _is_whole(file, source, part_sizes):
        progress(file.name, source.size, source.size)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{source.etag.strip(chr(34))}.partial")
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            _continue(s3, bucket, source, partial, lambda done: progress(file.name, done, source.size))
            break
        except (BotoCoreError, OSError) as error:  # what was received is kept
            problem = str(error)
        except ClientError as error:
            raise WorkshopError(f"s3://{bucket}/{source.key}: {advice(error)}.") from error
    else:
        raise WorkshopError(f"s3://{bucket}/{source.key}: was cut off ({problem}). Run the command again to go on.")
    if not _is_whole(partial, source, part_sizes):
        partial.unlink()
        raise WorkshopError(f"s3://{bucket}/{source.key}: arrived with a wrong checksum. Run the command again.")
    partial.replace(file)


def _continue(s3: Any, bucket: str, source: Source, partial: Path, progress: Callable[[int], None]) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    with partial.open("ab") as stream:
        if done >= source.size:
            return
        answer = s3.get_object(Bucket=bucket, Key=source.key, IfMatch=source.etag, Range=f"bytes={done}-")
        for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
            stream.write(chunk)
            done += len(chunk)
            progress(done)


def _part_sizes(s3: Any, bucket: str, source: Source) -> list[int]:
    """In bytes, the sizes that the parts may have in which the object was uploaded; 0 when it was in one piece.

    AWS tells the size of the first part; where that is not to be had, whole mebibytes that give so many parts.
    """
    if "-" not in source.etag:
        return [0]
    first = s3.head_object(Bucket=bucket, Key=source.key, PartNumber=1)
    if "PartsCount" in first:
        return [int(first["ContentLength"])]
    return likely_part_sizes(source.size, int(source.etag.strip('"').partition("-")[2]))


def likely_part_sizes(size: int, parts: int) -> list[int]:
    """Whole mebibytes, in bytes, that cut ``size`` bytes into so many parts."""
    smallest = -(-size // parts // MEBIBYTE) or 1
    largest = size // max(parts - 1, 1) // MEBIBYTE + 1
    sizes = (count * MEBIBYTE for count in range(smallest, largest + 1))
    return [each for each in sizes if -(-size // each) == parts]


def _is_whole(file: Path, source: Source, part_sizes: list[int]) -> bool:
    etag = source.etag.strip('"')
    return file.stat().st_size == source.size and any(etag_of(file, each) == etag for each in part_sizes)


def etag_of(file: Path, part_bytes: int = 0) -> str:
    """The ETag that S3 gives to an object encrypted with its own keys.

    The MD5 of the content; of an upload in parts, the MD5 of the parts' MD5s and the number of parts (Amazon S3 user
    guide, "Checking object integrity").
    """
    with file.open("rb") as stream:
        if not part_bytes:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        digests = []
        while part := stream.read(part_bytes):
            digests.append(hashlib.md5(part, usedforsecurity=False).digest())
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"
