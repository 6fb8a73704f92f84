"""Downloads the model and the corpus: resumable, checked, and visible only when whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from chitra.archives import ARCHIVE_ERRORS, extract, sha256_of
from chitra.errors import InputError, WorkshopError
from chitra.fingerprint import fingerprint
from chitra.json_text import read_json

DOWNLOADS, UNPACKED = "build/downloads", "build/models"  # below the workshop's folder
LOCK_FILE = "downloads.lock.json"
MODEL_FILES = ("config.json", "pytorch_model.bin", "vocab.txt", "tokenizer_config.json")


@dataclass(frozen=True, slots=True)
class Download:
    """Something public to fetch, and the name of the file it becomes."""

    name: str
    address: str

    @property
    def file_name(self) -> str:
        return self.address.rsplit("/", 1)[-1]


MODELS = {
    version: Download(
        f"chiTra-{version}", f"https://sudachi.s3.ap-northeast-1.amazonaws.com/chitra/chiTra-{version}.tar.gz"
    )
    for version in ("1.0", "1.1")
}
CORPUS = Download("livedoor-news-corpus", "https://www.rondhuit.com/download/ldcc-20140209.tar.gz")

Progress = Callable[[int, int], None]


def fetch(download: Download, folder: Path, lock_file: Path, progress: Progress) -> Path:
    """Download to ``folder``, going on where an earlier try was cut; returns the file.

    The first download records size and sha256 in the lock file, every later one must match it.

    Raises:
        WorkshopError: no network, or the content differs from the lock file.
    """
    file = folder / download.file_name
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(file.name + ".partial")
        _download(download, partial, file, progress)
        try:
            check(download.name, partial, lock_file, address=download.address)
        except WorkshopError:
            partial.unlink()
            raise
        partial.replace(file)
    check(download.name, file, lock_file, address=download.address)
    return file


def _download(download: Download, partial: Path, file: Path, progress: Progress) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    version_file = partial.with_name(f"{partial.name}.version")
    begun = version_file.read_text(encoding="utf-8") if done and version_file.exists() else ""
    resume = {"Range": f"bytes={done}-", **({"If-Range": begun} if begun else {})} if done else {}
    headers = {"Accept-Encoding": "identity", **resume}
    try:
        with httpx.stream("GET", download.address, headers=headers, follow_redirects=True, timeout=60) as answer:
            if answer.status_code == 416 and done:
                return
            _check_redirects(answer)
            answer.raise_for_status()
            version = _version_of(answer)
            if answer.status_code != 206:
                done = 0
            elif begun and version and version != begun:
                partial.unlink()
                raise httpx.ReadError("the file changed since the download began")
            version_file.write_text(version, encoding="utf-8")
            total = done + int(answer.headers.get("content-length", 0))
            with partial.open("ab" if done else "wb") as stream:
                for chunk in answer.iter_raw():
                    stream.write(chunk)
                    done += len(chunk)
                    progress(done, total)
            if total and done < total:
                raise httpx.ReadError("the connection was cut")
            version_file.unlink()
    except (httpx.HTTPError, OSError) as error:
        raise WorkshopError(
            f"{download.address} cannot be fetched ({error or type(error).__name__}). Run the command again to go on, "
            f"or put the file at {file}."
        ) from error


def _version_of(answer: httpx.Response) -> str:
    """What If-Range may be given (RFC 9110, 13.1.5): a strong ETag, or the time of the last change."""
    etag: str = answer.headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else str(answer.headers.get("last-modified", ""))


def _check_redirects(answer: httpx.Response) -> None:
    """Who is asked over https is not believed to answer elsewhere."""
    schemes = [each.url.scheme for each in (*answer.history, answer)]
    if schemes[0] == "https" and "http" in schemes:
        raise httpx.UnsupportedProtocol(f"it leads to {answer.url}, which is no https address")


def check(name: str, file: Path, lock_file: Path, *, address: str) -> None:
    """Record the file's size and sha256 in the lock file, or compare with what stands there."""
    found = {"size": file.stat().st_size, "sha256": sha256_of(file)}
    locked = read_json(lock_file) if lock_file.exists() else {}
    if not isinstance(locked, dict) or not isinstance(locked.get(name, {}), dict):
        raise InputError(f"{lock_file}: is no record of downloads. Remove it to record them anew.")
    if name not in locked:
        locked[name] = {"address": address, **found}
        lock_file.write_text(json.dumps(locked, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return
    for key, value in found.items():
        if locked[name].get(key) != value:
            raise WorkshopError(
                f"{file.name}: {key} is {value}, but {lock_file} says {locked[name].get(key)}. The file was cut or "
                f"changed: delete it and fetch again, or remove {name!r} from {lock_file} if the change is meant."
            )


def unpack_model(archive: Path, folder: Path) -> Path:
    """Unpack a chiTra archive (or take an unpacked folder) to ``folder``; complete or not at all.

    Raises:
        WorkshopError: it is truncated, unsafe, or no chiTra model.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        unpacked = Path(scratch) / "model"
        try:
            if archive.is_dir():
                shutil.copytree(archive, unpacked)
            else:
                extract(archive, unpacked)
        except ARCHIVE_ERRORS as error:
            raise WorkshopError(f"{archive}: truncated or unsafe ({error}). Fetch it again.") from error
        root = next((found.parent for found in sorted(unpacked.rglob("vocab.txt"))), unpacked)
        missing = [name for name in MODEL_FILES if not (root / name).is_file()]
        if missing:
            raise WorkshopError(
                f"{archive}: is no chiTra model, {', '.join(missing)} is missing. Name chiTra's archive or folder."
            )
        try:
            fingerprint(root)
        except InputError as error:
            raise WorkshopError(f"{archive}: {str(error).removeprefix(f'{root}/')}") from error
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(root, folder)
    return folder
