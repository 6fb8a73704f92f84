"""Safe reading of tar archives from strangers, on every Python from 3.11.0 on (tarfile's filters are younger)."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from pathlib import Path, PurePosixPath


def sha256_of(file: Path) -> str:
    """The file's checksum in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class UnsafeMemberError(tarfile.TarError):
    """A member that leaves the folder, or is neither a file nor a folder."""


def check_member(member: tarfile.TarInfo) -> None:
    """Raises UnsafeMemberError for links, devices, absolute paths and paths through ``..``."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise UnsafeMemberError(f"member {member.name!r} leaves the folder or is not a plain file")


def extract(archive: Path, folder: Path) -> None:
    """Unpack files and folders below ``folder``, with this process's permissions.

    Raises:
        tarfile.TarError, EOFError, OSError, zlib.error: unsafe, truncated or no archive.
    """
    with tarfile.open(archive) as tar:
        for member in tar:
            check_member(member)
            target = folder / member.name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source = tar.extractfile(member)
            assert source is not None
            with source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
