"""Archives of any size are read in the memory of one article."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.helpers.peak import PEAK

ARTICLE = "https://example.com/\n2026-01-01T00:00:00+0900\n題名\n"
PROGRAM = (
    PEAK
    + """
from pathlib import Path
from chitra.corpus import CorpusReader

before = peak(lambda: None)
print((peak(lambda: print(sum(1 for _ in CorpusReader(Path(sys.argv[1]))))) - before) // 1024)
"""
)
MEBIBYTES_AT_MOST = 16
# gzip finds nothing in it to shrink twice.
TEXT = "".join(map(chr, random.Random(5).choices(range(0x4E00, 0x9000), k=100_000)))  # noqa: S311


def write_archive(file: Path, articles: int, characters: int) -> None:
    """Written as one block after the other, since tarfile remembers all members of what it writes, too."""
    with gzip.open(file, "wb", compresslevel=1) if file.suffix == ".gz" else file.open("wb") as stream:
        for number in range(articles):
            content = (ARTICLE + f"{number}。{TEXT[:characters]}").encode()
            member = tarfile.TarInfo(f"text/movies/{number}.txt")
            member.size = len(content)
            stream.write(member.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE))
        stream.write(bytes(2 * tarfile.BLOCKSIZE))


@pytest.mark.parametrize("name", ["corpus.tar", "corpus.tar.gz"])
@pytest.mark.parametrize(("articles", "characters"), [(500, 100_000), (50_000, 10)], ids=["much text", "many members"])
def test_should_read_an_archive_an_article_at_a_time(tmp_path: Path, name: str, articles: int, characters: int) -> None:
    """150 MB of text would show, and so would 50,000 members that tarfile remembers."""
    write_archive(tmp_path / name, articles, characters)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / name)], capture_output=True, text=True, timeout=120, check=True
    )
    read, grown = map(int, done.stdout.split())
    assert read == articles
    assert grown < MEBIBYTES_AT_MOST
