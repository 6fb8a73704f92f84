"""Reads articles from the livedoor archive, its extracted folder, or the user's own JSONL files."""

from __future__ import annotations

import hashlib
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from chitra.archives import ARCHIVE_ERRORS, Archive, UnsafeArchiveError, sha256_of
from chitra.errors import InputError
from chitra.json_text import parse_json
from chitra.visible import visible

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar")
ARCHIVES, JSONL, TEXTS, OTHER = "archives", "jsonl", "texts", "other"
NOT_ARTICLES = frozenset({"LICENSE.txt", "README.txt", "CHANGES.txt"})
HEADER_LINES = 3  # URL, date, title
ARTICLE_BYTES = 10_000_000  # the longest article of the livedoor corpus has some 60,000
LINE_BYTES = 25_000_000  # such an article, each of its characters written as \uXXXX, and its label


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its body, its category, and where it was read (``file`` or ``file:line``)."""

    text: str
    category: str
    source: str


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file that articles were read from, for the manifest."""

    name: str
    sha256: str
    articles: int


@dataclass(frozen=True, slots=True)
class Corpus:
    articles: list[Article]
    sources: list[CorpusFile]


class CorpusReader:
    """Every article below ``path``, read one at a time; ``sources`` are the files that were read to their end.

    A folder holds archives, an extracted corpus (``<category>/*.txt``, at any depth) or JSONL files, one kind at a
    time. ``may_be_empty`` is for the share of an instance, which may be no file at all.

    Raises:
        InputError: names the file (and line) that cannot be used, here or while reading.
    """

    def __init__(self, path: Path, *, may_be_empty: bool = False) -> None:
        self.sources: list[CorpusFile] = []
        self._root = path.parent if path.is_file() else path
        self._files = [] if may_be_empty and not path.exists() else _files_of_one_kind(path)
        if not self._files and not may_be_empty:
            raise InputError(f"{path}: holds no .tar.gz, no .jsonl and no <category>/*.txt. Put the corpus there.")
        self._bytes = sum(file.stat().st_size for file in self._files)
        self._bytes_read = 0

    @property
    def files(self) -> list[tuple[str, Path]]:
        """What is read, each file with its name below the corpus."""
        return [(file.relative_to(self._root).as_posix(), file) for file in self._files]

    @property
    def is_folder_of_articles(self) -> bool:
        """Whether each file is one article, so that they travel better as one archive."""
        return bool(self._files) and _kind(self._files[0]) == TEXTS

    @property
    def share_read(self) -> float:
        """From 0 to 1, by size."""
        return self._bytes_read / self._bytes if self._bytes else 1.0

    def __iter__(self) -> Iterator[Article]:
        if self.is_folder_of_articles:
            yield from self._read_folder()
            return
        for file in self._files:
            articles = 0
            before = self._bytes_read
            for article, position in _read_jsonl(file) if _kind(file) == JSONL else _read_archive(file):
                articles += 1
                self._bytes_read = before + position
                yield article
            self._bytes_read = before + file.stat().st_size
            self.sources.append(CorpusFile(str(file.relative_to(self._root)), sha256_of(file), articles))

    def _read_folder(self) -> Iterator[Article]:
        articles = 0
        digest = hashlib.sha256()
        for file in self._files:
            name = file.relative_to(self._root).as_posix()
            content = _read_whole(file, name)
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
            self._bytes_read += len(content)
            if file.name in NOT_ARTICLES:
                continue
            category = file.parent.name if file.parent != self._root else ""
            articles += 1
            yield _article(content, category, name)
        self.sources.append(CorpusFile(self._root.name, digest.hexdigest(), articles))


def read_corpus(path: Path) -> Corpus:
    """All of a corpus at once, for one that fits into memory.

    Raises:
        InputError: names the file (and line) that cannot be used.
    """
    reader = CorpusReader(path)
    return Corpus(list(reader), reader.sources)


def _files_of_one_kind(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such corpus. Give the archive, the extracted folder or JSONL files.")
    files = [path] if path.is_file() else _visible_files(path)
    root = path.parent if path.is_file() else path
    by_kind: dict[str, list[Path]] = {}
    for file in files:
        by_kind.setdefault(_kind(file), []).append(file)
    by_kind.pop(OTHER, None)
    if len(by_kind) > 1:
        found = ", ".join(str(kind[0].relative_to(root)) for kind in by_kind.values())
        raise InputError(f"{path}: holds several kinds of corpus ({found}). Keep one kind.")
    return next(iter(by_kind.values()), [])


def _kind(file: Path) -> str:
    if file.name.endswith(ARCHIVE_SUFFIXES):
        return ARCHIVES
    return {".jsonl": JSONL, ".txt": TEXTS}.get(file.suffix, OTHER)


def _visible_files(folder: Path) -> list[Path]:
    files = []
    for file in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        if visible(file.name) != file.name:
            raise InputError(f"{visible(str(file))}: has a name with control characters or not in UTF-8. Rename it.")
        if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{file}: links to a place outside {folder}. Copy the file instead.")
        if file.is_file():
            files.append(file)
    return files


def _read_whole(file: Path, name: str) -> bytes:
    with file.open("rb") as stream:
        content = stream.read(ARTICLE_BYTES + 1)
    _check_size(len(content), name)
    return content


def _check_size(size: int, source: str) -> None:
    if size > ARTICLE_BYTES:
        raise InputError(f"{source}: is larger than {ARTICLE_BYTES:,} bytes, too large for one article. Split it.")


def _read_archive(file: Path) -> Iterator[tuple[Article, int]]:
    """Articles, and how many bytes of the archive were read with each."""
    try:
        with Archive(file) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                hidden = any(part.startswith(".") for part in path.parts)
                if not member.isfile() or path.suffix != ".txt" or path.name in NOT_ARTICLES or hidden:
                    continue
                source = f"{file.name}:{member.name}"
                _check_size(member.size, source)
                with archive.open(member) as stream:
                    content = stream.read()
                yield _article(content, path.parent.name, source), archive.bytes_read
    except UnsafeArchiveError as error:
        raise InputError(f"{file}: {error}. The archive is not to be trusted: fetch it again.") from error
    except ARCHIVE_ERRORS as error:
        raise InputError(f"{file}: truncated or not a tar archive ({error}). Fetch it again.") from error


def _article(content: bytes, category: str, source: str) -> Article:
    if not category:
        raise InputError(f"{source}: stands in no category folder. Move it to <category>/{source}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: is not UTF-8 (byte {error.start}). Convert the file.") from error
    parts = text.replace("\r\n", "\n").split("\n", HEADER_LINES)
    body = parts[HEADER_LINES].strip() if len(parts) > HEADER_LINES else ""
    if not body:
        raise InputError(f"{source}: has no body after the lines URL, date and title. Remove or mend the file.")
    return Article(body, category, source)


def _read_jsonl(file: Path) -> Iterator[tuple[Article, int]]:
    """Articles, and how many bytes of the file were read with each."""
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(LINE_BYTES + 1):
            number += 1
            source = f"{file.name}:{number}"
            if len(line) > LINE_BYTES:
                raise InputError(f"{source}: is longer than {LINE_BYTES:,} bytes, too long for one article. Split it.")
            if not line.strip():
                continue
            row = parse_json(line, file.name, line=number)
            yield Article(_field(row, "sentence1", source), _field(row, "label", source), source), stream.tell()


def _field(row: object, key: str, source: str) -> str:
    if not isinstance(row, dict):
        raise InputError(f'{source}: is not an object. Write {{"sentence1": ..., "label": ...}}.')
    if key not in row:
        raise InputError(f"{source}: the key {key!r} is missing. Each line needs sentence1 and label.")
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{source}: {key!r} must be a text that is not empty, not {reprlib.repr(value)}.")
    try:
        _check_size(len(value.encode("utf-8")), source)
    except UnicodeEncodeError as error:
        raise InputError(f"{source}: {key!r} holds half a surrogate pair. Write the whole character.") from error
    return value.strip()
