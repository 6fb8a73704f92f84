"""Safe reading of tar archives from strangers, on every Python from 3.11.0 on (tarfile's filters are younger)."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from chitra.visible import visible

MEBIBYTE = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"
END_OF_ARCHIVE = 1024  # zero bytes
# What an archive may unpack to: text shrinks to a third or a tenth, many small articles to a fiftieth; gzip's limit, of
# which bombs are made, is a thousandth.
UNPACKED_BYTES, UNPACKED_PER_BYTE = 64 * MEBIBYTE, 100
MEMBERS, BYTES_PER_MEMBER = 10_000, 8  # and so many more members as the archive has bytes, divided by eight
# Of one member, with its long names and extended attributes. Python before 3.11.10 takes time that grows with the
# square of a header (CVE-2024-6232), so that long ones are rationed over the whole archive, too.
HEADER_BYTES, SHORT_HEADER, LONG_HEADERS = 16_384, 4_096, 64
GLOBAL_HEADERS = 64
# What tarfile and gzip raise for content that is no archive, is cut, or was made to trouble them.
ARCHIVE_ERRORS = (
    *(tarfile.TarError, EOFError, zlib.error, OSError),
    *(ValueError, LookupError, OverflowError, RecursionError),
)


def sha256_of(file: Path) -> str:
    """The file's checksum in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class UnsafeArchiveError(tarfile.TarError):
    """A member that leaves the folder, or is neither a file nor a folder; more content than an honest archive has."""


class Archive:
    """A tar archive, plain or gzipped, that is read once, from its start to its end.

    Its content decides neither where something is written nor how much memory reading takes.

    Raises:
        ARCHIVE_ERRORS: here or while reading, for an archive that is unsafe, truncated or none.
    """

    def __init__(self, file: Path) -> None:
        self._packed = file.stat().st_size
        self._long_headers = 0
        self._limit = UNPACKED_BYTES + UNPACKED_PER_BYTE * self._packed
        self._file = file.open("rb")
        try:
            self._is_plain = self._file.read(len(GZIP_MAGIC)) != GZIP_MAGIC
            self._file.seek(0)
            content: Any = self._file if self._is_plain else gzip.GzipFile(fileobj=self._file)
            self._stream = _Rationed(content)
            self._tar = tarfile.TarFile(fileobj=self._stream)  # type: ignore[arg-type]
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()

    @property
    def bytes_read(self) -> int:
        """Of the archive's file."""
        return self._file.tell()

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """Each member; what it holds can be read until the next one is asked for."""
        count, end = 0, -1
        while member := self._next():
            count += 1
            if count > MEMBERS + self._packed // BYTES_PER_MEMBER:
                raise UnsafeArchiveError(f"more than {count - 1:,} members in {self._packed:,} bytes")
            _check_member(member)
            if member.offset < end:
                raise UnsafeArchiveError(f"member {member.name!r} lies within the one before")
            end = member.offset_data + (member.size if member.isfile() else 0)
            if end > self._limit:
                raise UnsafeArchiveError(f"unpacks to more than {self._limit:,} bytes from {self._packed:,}")
            yield member
        self._check_end()

    def open(self, member: tarfile.TarInfo) -> IO[bytes]:
        """What a member holds."""
        self._stream.allow(member.size)
        content = self._tar.extractfile(member)
        assert content is not None
        return content

    def _next(self) -> tarfile.TarInfo | None:
        self._stream.allow(HEADER_BYTES)
        member = self._tar.next()
        self._long_headers += self._stream.used > SHORT_HEADER
        if self._long_headers > LONG_HEADERS:
            raise UnsafeArchiveError(f"more than {LONG_HEADERS} headers of more than {SHORT_HEADER:,} bytes")
        self._tar.members.clear()  # type: ignore[attr-defined]  # tarfile would remember every member
        if len(self._tar.pax_headers) > GLOBAL_HEADERS:
            raise UnsafeArchiveError(f"more than {GLOBAL_HEADERS} headers for all members")
        return member

    def _check_end(self) -> None:
        """tarfile takes an archive that was cut between two members, or in its checksum, for whole."""
        self._stream.allow(self._limit + MEBIBYTE)
        while self._stream.read(MEBIBYTE):
            if self._stream.tell() > self._limit:
                raise UnsafeArchiveError("goes on for long behind its end")
        if self._is_plain:
            self._file.seek(max(0, self._packed - END_OF_ARCHIVE))
            if any(self._file.read()):
                raise tarfile.ReadError("no end-of-archive mark")


class _Rationed:
    """A stream of which only so many bytes are read as were allowed: tarfile reads as much as a header tells it to."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = self._allowed = HEADER_BYTES
        self.mode = "rb"
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def allow(self, size: int) -> None:
        self._left = self._allowed = size

    @property
    def used(self) -> int:
        """Bytes that were read since the last allowance."""
        return self._allowed - self._left

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise UnsafeArchiveError(f"a member's header takes more than {HEADER_BYTES:,} bytes")
        self._left -= size
        return self._stream.read(size)


def _check_member(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()) or member.issparse():
        raise UnsafeArchiveError(f"member {_shown(member.name)} leaves the folder or is not a plain file")
    if visible(member.name) != member.name:
        raise UnsafeArchiveError(f"member {_shown(member.name)} has a control character in its name, or is not UTF-8")
    if member.size < 0 or member.offset_data < 0:
        raise UnsafeArchiveError(f"member {_shown(member.name)} has a negative size")


def _shown(name: str) -> str:
    return repr(visible(name if len(name) <= 100 else f"{name[:100]}…"))


def extract(archive: Path, folder: Path) -> None:
    """Unpack files and folders below ``folder``, with this process's permissions.

    Raises:
        ARCHIVE_ERRORS: unsafe, truncated or no archive.
    """
    with Archive(archive) as members:
        for member in members:
            target = folder / member.name
            if member.isdir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with members.open(member) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
