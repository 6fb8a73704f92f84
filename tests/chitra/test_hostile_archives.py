"""Archives made to trouble whoever opens them: one line, little memory, nothing outside of the folder."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from chitra.archives import ARCHIVE_ERRORS, extract
from chitra.corpus import ARTICLE_BYTES, LINE_BYTES, CorpusReader, read_corpus
from chitra.errors import InputError
from tests.helpers.archives import ARTICLE, END, FIRST, HOSTILE, MEBIBYTE, header, padded
from tests.helpers.peak import PEAK

PROGRAM = (
    PEAK
    + """
from pathlib import Path
from chitra.archives import ARCHIVE_ERRORS, extract
from chitra.corpus import read_corpus
from chitra.errors import InputError

def read():
    try:
        if sys.argv[1] == "corpus":
            read_corpus(Path(sys.argv[2]))
        else:
            extract(Path(sys.argv[2]), Path(sys.argv[2]).with_suffix(".unpacked"))
    except (InputError, *ARCHIVE_ERRORS) as error:
        print(error, flush=True)

before = peak(lambda: None)
print((peak(read) - before) // 1024)
"""
)


def read_in_a_process(how: str, file: Path) -> tuple[str, int]:
    """What was said, and by how many MiB the process grew."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how, str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    *said, grown = done.stdout.splitlines()
    return "\n".join(said), int(grown)


@pytest.mark.parametrize("how", ["corpus", "model"])
@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_should_take_little_memory_and_say_why(tmp_path: Path, how: str, make: Callable[[gzip.GzipFile], None]) -> None:
    file = tmp_path / "corpus.tar.gz"
    with gzip.open(file, "wb", compresslevel=6) as stream:
        stream.write(FIRST)
        make(stream)
        stream.write(END)
    assert file.stat().st_size < 3 * MEBIBYTE
    said, grown = read_in_a_process(how, file)
    assert len(said.splitlines()) == 1
    assert len(said) < 500
    assert grown < 100


@pytest.mark.parametrize(
    "name", ["a\n.txt", "movies/\x1b[2J.txt", "a\x00b", "../x", "/etc/x", "a/../../x", "x/" * 3000 + "x", "a" * 300]
)
def test_should_write_nothing_outside_and_nothing_unprintable(tmp_path: Path, name: str) -> None:
    file = tmp_path / "in" / "model.tar.gz"
    file.parent.mkdir()
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo("plain")
        info.pax_headers = {"path": name}
        tar.addfile(info, io.BytesIO())
    with pytest.raises(ARCHIVE_ERRORS):
        extract(file, tmp_path / "out" / "model")
    assert {path.name for path in tmp_path.rglob("*")} <= {"in", "model.tar.gz", "out", "model"}


@pytest.mark.parametrize("link", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_should_unpack_no_link_and_no_device(tmp_path: Path, link: bytes) -> None:
    file = tmp_path / "model.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo("config.json")
        info.type, info.linkname = link, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(tarfile.TarError, match="is not a plain file"):
        extract(file, tmp_path / "model")


def test_should_know_what_it_raises(tmp_path: Path) -> None:
    """Archives with some bytes changed: whatever tarfile stumbles over is among the errors that are caught."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("movies/1.txt", "映画/" + "長" * 60 + ".txt", "b/2.txt"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 700, 1.5  # type: ignore[assignment]
            tar.addfile(info, io.BytesIO(bytes(700)))
    chance = random.Random(5)  # noqa: S311
    for number in range(600):
        content = bytearray(plain.getvalue())
        for _ in range(chance.randint(1, 12)):
            content[chance.randrange(len(content) - 8000)] = chance.choice([0, 10, 32, 48, 49, 53, 57, 61, 255])
        file = tmp_path / "a.tar.gz"
        file.write_bytes(gzip.compress(bytes(content)) if number % 2 else bytes(content))
        with contextlib.suppress(ARCHIVE_ERRORS):
            extract(file, tmp_path / str(number))


def test_should_read_plain_and_gzipped_archives_only(tmp_path: Path) -> None:
    """xz and bzip2 shrink zeros a thousand times better than gzip; nothing that is read here comes in them."""
    (tmp_path / "a.tar.gz").write_bytes(bz2.compress(FIRST + END))
    with pytest.raises(InputError, match=r"a\.tar\.gz: truncated or not a tar archive"):
        read_corpus(tmp_path / "a.tar.gz")


def test_should_still_read_many_short_articles(tmp_path: Path) -> None:
    """They shrink more than any real ones: the same words in each."""
    file = tmp_path / "corpus.tar.gz"
    with gzip.open(file, "wb", compresslevel=9) as stream:
        for number in range(50_000):
            content = ARTICLE.format(number).encode()
            stream.write(header(f"movies/{number}.txt", len(content)) + padded(content))
        stream.write(END)
    assert len(read_corpus(file).articles) == 50_000


def test_should_still_unpack_weights_that_shrink_well(tmp_path: Path) -> None:
    weights = tmp_path / "pytorch_model.bin"
    weights.write_bytes(random.Random(5).randbytes(MEBIBYTE) + bytes(100 * MEBIBYTE))  # noqa: S311
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(weights, arcname="chiTra-1.0/pytorch_model.bin")
    extract(tmp_path / "model.tar.gz", tmp_path / "model")
    assert (tmp_path / "model/chiTra-1.0/pytorch_model.bin").stat().st_size == 101 * MEBIBYTE


def test_should_refuse_an_article_or_a_line_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "text" / "movies").mkdir(parents=True)
    with (tmp_path / "text/movies/1.txt").open("wb") as stream:
        stream.truncate(5_000 * MEBIBYTE)
    with pytest.raises(InputError, match=rf"movies/1\.txt: is larger than {ARTICLE_BYTES:,} bytes"):
        read_corpus(tmp_path / "text")
    with (tmp_path / "line.jsonl").open("wb") as stream:
        stream.write(b'{"sentence1": "a", "label": "b"}\n')
        stream.truncate(5_000 * MEBIBYTE)
    said, grown = read_in_a_process("corpus", tmp_path / "line.jsonl")
    assert said.startswith(f"line.jsonl:2: is longer than {LINE_BYTES:,} bytes")
    assert grown < 150
    (tmp_path / "field.jsonl").write_text('{"sentence1": "' + "あ" * (ARTICLE_BYTES // 3 + 1) + '", "label": "b"}')
    with pytest.raises(InputError, match=r"field\.jsonl:1: is larger than"):
        read_corpus(tmp_path / "field.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[" * 100_000, r"d\.jsonl:2: is nested too deeply"),
        (b'{"sentence1": ' + b"9" * 5_000 + b"}", r"d\.jsonl:2: holds a number of more than 4300 digits"),
        (b'{"sentence1": "' + b"\xff" + b'"}', r"d\.jsonl:2: is not UTF-8"),
        (b'{"sentence1": ' + b"[" * 90 + b"]" * 90 + b', "label": "x"}', r"d\.jsonl:2: 'sentence1' must be a text"),
        (b'{"label": "x", "sentence1": [' + b"1," * 100_000 + b"1]}", r"d\.jsonl:2: 'sentence1' must be a text"),
    ],
)
def test_should_name_the_line_that_no_parser_takes(tmp_path: Path, line: bytes, message: str) -> None:
    (tmp_path / "d.jsonl").write_bytes(b'{"sentence1": "a", "label": "b"}\n' + line + b"\n")
    with pytest.raises(InputError, match=message) as caught:
        read_corpus(tmp_path)
    assert len(str(caught.value)) < 300


def test_should_spend_little_time_on_long_headers(tmp_path: Path) -> None:
    """Python's own reader takes time that grows with the square of a header (CVE-2024-6232)."""
    content = b"".join(_pax_member(f"label/{number}.txt", b"1" * 12_000) for number in range(200))
    (tmp_path / "c.tar").write_bytes(content + bytes(1024))
    with pytest.raises(InputError, match=r"headers of more than|invalid header"):
        list(CorpusReader(tmp_path / "c.tar"))
    (tmp_path / "c.tar").write_bytes(_pax_member("label/1.txt", b"1" * 300_000) + bytes(1024))
    with pytest.raises(InputError, match="header takes more than"):
        list(CorpusReader(tmp_path / "c.tar"))


def _pax_member(name: str, header: bytes) -> bytes:
    def block(kind: bytes, name: str, content: bytes) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.type = len(content), kind
        padding = bytes(-len(content) % 512)
        return info.tobuf(tarfile.USTAR_FORMAT) + content + padding

    return block(tarfile.XHDTYPE, "header", header) + block(tarfile.REGTYPE, name, ARTICLE.format("").encode())


@pytest.mark.parametrize("name", [b"label/\xff.txt", b"\xff/a.txt"])
def test_should_name_a_file_whose_name_is_not_utf8(tmp_path: Path, name: bytes) -> None:
    file = tmp_path / "corpus" / os.fsdecode(name)
    file.parent.mkdir(parents=True)
    file.write_text(ARTICLE.format(""), encoding="utf-8")
    with pytest.raises(InputError, match="not in UTF-8") as caught:
        list(CorpusReader(tmp_path / "corpus"))
    str(caught.value).encode()
