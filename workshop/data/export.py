"""Takes trained models, reports and datasets home: each file verified, an interrupted download resumed."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chitra.archives import ARCHIVE_ERRORS, extract, sha256_of
from chitra.errors import WorkshopError
from chitra.files import write_whole
from chitra.inside import UnsafePathError, inside
from chitra.visible import visible
from workshop.aws.advice import advice
from workshop.data.export_ledger import record_finished, record_started
from workshop.data.results import ARCHIVES, CHECKSUMS, PARTIAL, Refusal, Source, results_of

MEBIBYTE = 1 << 20
CHUNK_BYTES = MEBIBYTE
ATTEMPTS = 5
REPORT_ARCHIVE, RAW_ARTICLES = "output.tar.gz", "datasets/raw/"

Progress = Callable[[str, int, int], None]  # file name, bytes done, bytes in all


def export_run(
    s3: Any,
    bucket: str,
    run: str,
    folder: Path,
    progress: Progress = lambda name, done, total: None,
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
    by: str = "",
) -> list[Path]:
    """Download what a run left below ``folder`` and unpack its archives.

    A file gets its name only when it is whole and its checksum is right; ``SHA256SUMS`` lists them all, for
    ``sha256sum -c``. The bucket records when the export began and was complete, in the folder of the
    participant ``by`` if one takes it home.

    Raises:
        WorkshopError: there is nothing to export, or something could not be brought home; the rest was. Run it again
            to go on.
    """
    results = results_of(s3, bucket, run)
    for refusal in results.refused:
        on_refusal(refusal)
    if not results.sources:
        if results.refused:
            return []
        raise WorkshopError(f"run {run}: has nothing to export in s3://{bucket}. Is its name right?")
    etags = {source.key: source.etag for source in results.sources}
    record_started(s3, bucket, run, etags, by)
    files, problems = dict[Source, Path](), list[str]()
    for source in results.sources:
        try:
            files[source] = inside(folder, source.target)
            _download(s3, bucket, source, folder, progress)
        except (WorkshopError, UnsafePathError, ClientError, OSError) as error:
            files.pop(source, None)
            problems.append(f"{visible(source.key)}: {_reason(error)}")
    _write_checksums(folder, files)
    if not problems:
        record_finished(s3, bucket, run, etags, by)
    problems += [problem for archive, name in ARCHIVES.items() if (problem := _unpack(folder, archive, name))]
    _forget_partial_folder(folder)
    if problems:
        raise WorkshopError(f"run {run}: {'; '.join(problems)}. The rest is in {folder}.")
    return list(files.values())


def fetch_report(
    s3: Any, bucket: str, run: str, folder: Path, progress: Progress = lambda name, done, total: None
) -> None:
    """Download and unpack what a run's report is made of, into the places where an export puts it.

    The report comes last: where it is on disk, so are the articles.

    Raises:
        WorkshopError: the run left no report, or it could not be brought home.
    """
    wanted = {source.target: source for source in results_of(s3, bucket, run).sources if _is_of_report(source.target)}
    if REPORT_ARCHIVE not in wanted:
        raise WorkshopError(
            f"run {run}: has no report in s3://{bucket}. `.venv/bin/workshop status` shows whether it has ended."
        )
    try:
        for target in sorted(wanted, key=lambda target: (target == REPORT_ARCHIVE, target)):
            inside(folder, target)
            _download(s3, bucket, wanted[target], folder, progress)
    except (WorkshopError, UnsafePathError, OSError) as error:
        raise WorkshopError(f"run {run}: {visible(target)}: {_reason(error)}.") from error
    problem = _unpack(folder, REPORT_ARCHIVE, ARCHIVES[REPORT_ARCHIVE])
    _forget_partial_folder(folder)
    if problem:
        raise WorkshopError(f"run {run}: {problem}.")


def _is_of_report(target: str) -> bool:
    return target == REPORT_ARCHIVE or target.startswith(RAW_ARTICLES)


def _reason(error: Exception) -> str:
    return advice(error) if isinstance(error, ClientError) else visible(str(error).rstrip("."))


def _write_checksums(folder: Path, files: dict[Source, Path]) -> None:
    lines = [f"{sha256_of(file)}  {source.target}\n" for source, file in files.items()]
    try:
        checksums, scratch = inside(folder, CHECKSUMS), inside(folder, PARTIAL, CHECKSUMS)
        write_whole(scratch, "".join(lines))
        scratch.replace(checksums)
    except (OSError, UnsafePathError) as error:
        raise WorkshopError(f"{folder / CHECKSUMS}: cannot be written ({error}).") from error


def _unpack(folder: Path, archive: str, name: str) -> str:
    """Replace the folder ``name`` by what the archive holds, all or nothing; returns why that could not be done."""
    if not (folder / archive).is_file():
        return ""
    try:
        target, scratch = inside(folder, name), inside(folder, PARTIAL, name)
    except UnsafePathError as error:
        return f"{archive} cannot be unpacked ({error})"
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        extract(folder / archive, scratch)
        shutil.rmtree(target, ignore_errors=True)
        scratch.rename(target)
    except ARCHIVE_ERRORS as error:
        return f"{archive} cannot be unpacked ({_reason(error)})"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return ""


def _download(s3: Any, bucket: str, source: Source, folder: Path, progress: Progress) -> None:
    file = folder / source.target
    part_sizes = _part_sizes(s3, bucket, source)
    if file.is_file() and _is_whole(file, source, part_sizes):
        progress(source.target, source.size, source.size)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(f"{source.key}\0{source.etag}".encode()).hexdigest()
    partial = inside(folder, PARTIAL, version)
    partial.parent.mkdir(exist_ok=True)
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            _continue(s3, bucket, source, partial, lambda done: progress(source.target, done, source.size))
            break
        except (BotoCoreError, OSError) as error:  # what was received is kept
            problem = str(error)
    else:
        raise WorkshopError(f"was cut off ({problem}). Run the command again to go on.")
    if not _is_whole(partial, source, part_sizes):
        partial.unlink()
        raise WorkshopError("arrived with a wrong checksum. Run the command again.")
    partial.replace(file)


def _forget_partial_folder(folder: Path) -> None:
    """Unless something in it waits to be gone on with."""
    with contextlib.suppress(OSError):
        (folder / PARTIAL).rmdir()


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
