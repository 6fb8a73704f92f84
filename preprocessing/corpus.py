"""Reads articles from the livedoor archive, its extracted folder, or the user's own JSONL files."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from preprocessing.archives import UnsafeMemberError, check_member, sha256_of
from preprocessing.errors import InputError

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar")
NOT_ARTICLES = frozenset({"LICENSE.txt", "README.txt", "CHANGES.txt"})
END_OF_ARCHIVE = 1024  # zero bytes
HEADER_LINES = 3  # URL, date, title


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its body, its category, and where it was read (``file`` or ``file:line``)."""

    text: str
    category: str
    source: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file that articles were read from, for the manifest."""

    name: str
    sha256: str
    articles: int


@dataclass(frozen=True, slots=True)
class Corpus:
    articles: list[Article]
    sources: list[Source]


def read_corpus(path: Path) -> Corpus:
    """Read every article below ``path``: a folder, an archive or a JSONL file.

    A folder holds archives, an extracted corpus (``<category>/*.txt``, at any depth) or JSONL files,
    one kind at a time.

    Raises:
        InputError: names the file (and line) that cannot be used.
    """
    if not path.exists():
        raise InputError(f"{path}: no such corpus. Give the archive, the extracted folder or JSONL files.")
    files = [path] if path.is_file() else _visible_files(path)
    root = path.parent if path.is_file() else path
    archives = [f for f in files if f.name.endswith(ARCHIVE_SUFFIXES)]
    jsonl = [f for f in files if f.name.endswith(".jsonl")]
    texts = [f for f in files if f.name.endswith(".txt") and f not in archives]
    kinds = [kind for kind in (archives, jsonl, texts) if kind]
    if not kinds:
        raise InputError(f"{path}: holds no .tar.gz, no .jsonl and no <category>/*.txt. Put the corpus there.")
    if len(kinds) > 1:
        found = ", ".join(str(kind[0].relative_to(root)) for kind in kinds)
        raise InputError(f"{path}: holds several kinds of corpus ({found}). Keep one kind.")
    if texts:
        return _read_folder(root, texts)
    read_file = _read_archive if archives else _read_jsonl
    articles: list[Article] = []
    sources: list[Source] = []
    for file in kinds[0]:
        found_here = list(read_file(file))
        articles += found_here
        sources.append(Source(str(file.relative_to(root)), sha256_of(file), len(found_here)))
    return Corpus(articles, sources)


def _visible_files(folder: Path) -> list[Path]:
    files = []
    for file in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        if file.is_symlink() and not file.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{file}: links to a place outside {folder}. Copy the file instead.")
        if file.is_file():
            files.append(file)
    return files


def _read_folder(root: Path, files: list[Path]) -> Corpus:
    articles: list[Article] = []
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(root).as_posix()
        content = file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        if file.name in NOT_ARTICLES:
            continue
        category = file.parent.name if file.parent != root else ""
        articles.append(_article(content, category, name))
    return Corpus(articles, [Source(root.name, digest.hexdigest(), len(articles))])


def _read_archive(archive: Path) -> Iterator[Article]:
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                _check_member(archive, member)
                path = PurePosixPath(member.name)
                hidden = any(part.startswith(".") for part in path.parts)
                if not member.isfile() or path.suffix != ".txt" or path.name in NOT_ARTICLES or hidden:
                    continue
                stream = tar.extractfile(member)
                assert stream is not None
                source = f"{archive.name}:{member.name}"
                yield _article(stream.read(), path.parent.name, source)
            _check_end(archive, tar)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"{archive}: truncated or not a tar archive ({error}). Fetch it again.") from error


def _check_end(archive: Path, tar: tarfile.TarFile) -> None:
    """tarfile takes an archive that was cut between two members, or in its checksum, for whole."""
    assert tar.fileobj is not None
    while tar.fileobj.read(1 << 20):
        pass
    if archive.suffix == ".tar" and any(archive.read_bytes()[-END_OF_ARCHIVE:]):
        raise tarfile.ReadError("no end-of-archive mark")


def _check_member(archive: Path, member: tarfile.TarInfo) -> None:
    try:
        check_member(member)
    except UnsafeMemberError as error:
        raise InputError(f"{archive}: {error}. The archive is not to be trusted: fetch it again.") from error


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


def _read_jsonl(file: Path) -> Iterator[Article]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            source = f"{file.name}:{number}"
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise InputError(f"{source}: is not UTF-8 (byte {error.start}). Convert the file.") from error
            except json.JSONDecodeError as error:
                if not line.strip():
                    continue
                raise InputError(f"{source}: is not JSON ({error.msg}). Write one object per line.") from error
            yield Article(_field(row, "sentence1", source), _field(row, "label", source), source)


def _field(row: object, key: str, source: str) -> str:
    if not isinstance(row, dict):
        raise InputError(f'{source}: is not an object. Write {{"sentence1": ..., "label": ...}}.')
    if key not in row:
        raise InputError(f"{source}: the key {key!r} is missing. Each line needs sentence1 and label.")
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{source}: {key!r} must be a text that is not empty, not {json.dumps(value)}.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{source}: {key!r} holds half a surrogate pair. Write the whole character.") from error
    return value.strip()
