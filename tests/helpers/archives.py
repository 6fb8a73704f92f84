"""Archives that are small on disk and large, deep or endless inside."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable

ARTICLE = "https://example.com/\n2026-01-01T00:00:00+0900\n題名\n本文{}です。\n"
MEBIBYTE = 1 << 20


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.USTAR_FORMAT)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


END = bytes(1024)
FIRST = header("movies/1.txt", len(ARTICLE.encode())) + padded(ARTICLE.encode())


def zeros(stream: gzip.GzipFile, size: int) -> None:
    for _ in range(size // MEBIBYTE):
        stream.write(bytes(MEBIBYTE))


def huge_article(stream: gzip.GzipFile) -> None:
    stream.write(header("movies/2.txt", 1500 * MEBIBYTE))
    zeros(stream, 400 * MEBIBYTE)


def huge_other_file(stream: gzip.GzipFile) -> None:
    stream.write(header("weights.bin", 400 * MEBIBYTE))
    zeros(stream, 400 * MEBIBYTE)


def huge_pax_header(stream: gzip.GzipFile) -> None:
    stream.write(header("x", 400 * MEBIBYTE, tarfile.XHDTYPE))
    zeros(stream, 400 * MEBIBYTE)


def huge_global_header(stream: gzip.GzipFile) -> None:
    stream.write(header("x", 400 * MEBIBYTE, tarfile.XGLTYPE))
    zeros(stream, 400 * MEBIBYTE)


def huge_long_name(stream: gzip.GzipFile) -> None:
    stream.write(header("x", 400 * MEBIBYTE, tarfile.GNUTYPE_LONGNAME))
    zeros(stream, 400 * MEBIBYTE)


def many_members(stream: gzip.GzipFile) -> None:
    stream.write(header("movies/notes.md", 0) * 800_000)


def many_folders(stream: gzip.GzipFile) -> None:
    stream.write(header("movies", 0, tarfile.DIRTYPE) * 800_000)


def many_global_headers(stream: gzip.GzipFile) -> None:
    for number in range(60_000):
        record = f"28 comment{number:08}=xxxxxxxx\n".encode()
        stream.write(header("x", len(record), tarfile.XGLTYPE) + padded(record) + header("a.md", 0))


def chained_long_names(stream: gzip.GzipFile) -> None:
    stream.write((header("x", 1, tarfile.GNUTYPE_LONGNAME) + padded(b"a")) * 200_000)


def long_sparse_map(stream: gzip.GzipFile) -> None:
    first = bytearray(header("movies/2.txt", 0, tarfile.GNUTYPE_SPARSE))
    first[482] = 1
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = bytearray((b"00000000001\0" * 42) + bytes(8))
    more[504] = 1
    stream.write(bytes(first) + bytes(more) * 800_000)


def negative_size(stream: gzip.GzipFile) -> None:
    """tarfile would go back to the same member for ever."""
    block = bytearray(header("movies/2.md", 0))
    block[124:136] = b"\xff" * 10 + b"\xfc\x00"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    stream.write(bytes(block))


def long_tail(stream: gzip.GzipFile) -> None:
    stream.write(END)
    zeros(stream, 1000 * MEBIBYTE)


HOSTILE: list[Callable[[gzip.GzipFile], None]] = [
    *(huge_article, huge_other_file, huge_pax_header, huge_global_header, huge_long_name, many_members, many_folders),
    *(many_global_headers, chained_long_names, long_sparse_map, negative_size, long_tail),
]
