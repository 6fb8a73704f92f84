"""Bundles chiTra into the image while it is built.

Runs alone, with the standard library only, so that no edit elsewhere makes the build fetch the model again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from http.client import HTTPMessage
from pathlib import Path
from typing import IO

REQUIRED = ("config.json", "pytorch_model.bin", "vocab.txt", "tokenizer_config.json")
MANIFEST = "manifest.json"
CHUNK_BYTES = 1 << 20


class BundleError(Exception):
    """The model cannot be bundled; the message is one line."""


def bundle(address: str, sha256: str, folder: Path) -> str:
    """Put the model from an http(s) address, an archive or a folder into ``folder``; returns the archive's sha256.

    ``manifest.json`` beside the folder says which model that is.

    Raises:
        BundleError: nothing was written.
    """
    if address.startswith("http://") and not sha256:
        raise BundleError(f"{address}: needs a sha256, because it is no https address. Give the checksum, or https.")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(address)
        if address.startswith(("http://", "https://")):
            source = _download(address, Path(scratch) / "model.tar.gz")
        if not source.exists():
            raise BundleError(f"{address}: does not exist. Put the archive into models/ or give its address.")
        digest = "" if source.is_dir() else _sha256(source)
        if sha256 and digest != sha256:
            raise BundleError(
                f"{address}: has sha256 {digest or 'none, it is a folder'}, not {sha256}. Fetch it again."
            )
        root = source if source.is_dir() else _unpack(address, source, Path(scratch) / "unpacked")
        found = next((file.parent for file in sorted(root.rglob("vocab.txt"))), root)
        missing = [name for name in REQUIRED if not (found / name).is_file()]
        if missing:
            raise BundleError(f"{address}: is no chiTra model, {', '.join(missing)} is missing.")
        manifest = {"name": _name(found), "address": address, "sha256": digest}
        shutil.copytree(found, folder)
        (folder.parent / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return digest


def _name(model: Path) -> str:
    """What the model calls itself, as a stand-in does, or its folder's name, which is chiTra's way."""
    try:
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        return str(config.get("name") or model.name)
    except (ValueError, RecursionError, AttributeError) as error:
        raise BundleError(f"{model.name}/config.json: is no JSON object ({error}). Fetch the model again.") from error


class _StayOnHttps(urllib.request.HTTPRedirectHandler):
    """Refuses to be sent from https to an address where anybody on the way may answer."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if req.type == "https" and not newurl.startswith("https://"):
            raise urllib.error.URLError(f"it leads to {newurl}, which is no https address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _download(address: str, file: Path) -> Path:
    try:
        with urllib.request.build_opener(_StayOnHttps).open(address) as answer, file.open("wb") as stream:
            shutil.copyfileobj(answer, stream, CHUNK_BYTES)
    except (urllib.error.URLError, OSError) as error:
        raise BundleError(f"{address}: cannot be fetched ({error}). Put the archive into models/ instead.") from error
    return file


def _unpack(address: str, archive: Path, folder: Path) -> Path:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and (folder / member.name).resolve().is_relative_to(folder.resolve()):
                    tar.extract(member, folder, set_attrs=False)
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, LookupError, RecursionError) as error:
        raise BundleError(f"{address}: truncated or unsafe ({error}). Fetch it again.") from error
    return folder


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Bundles chiTra into the image while it is built.")
    parser.add_argument("address", help="of an archive on the web, or the path of an archive or a folder")
    parser.add_argument("sha256", help="of the archive; may be empty for an https address")
    parser.add_argument("folder", type=Path, help="where the model goes")
    given = parser.parse_args()
    try:
        print(f"bundled {given.address}, sha256 {bundle(given.address, given.sha256, given.folder)}")
    except BundleError as problem:
        sys.exit(f"error: {problem}")
