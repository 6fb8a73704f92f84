"""Reading articles, and refusing what would become a wrong dataset."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from chitra.corpus import read_corpus
from chitra.errors import InputError

ARTICLE = "https://example.com/\n2026-01-01T00:00:00+0900\n題名\n本文の一行目。\n二行目。\n"


def write_archive(file: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file


def test_should_read_the_body_only_and_take_the_label_from_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "text" / "movies" / "movies-1.txt"
    file.parent.mkdir(parents=True)
    file.write_text(ARTICLE, encoding="utf-8")
    [article] = read_corpus(tmp_path).articles
    assert (article.text, article.category) == ("本文の一行目。\n二行目。", "movies")
    assert article.source == "text/movies/movies-1.txt"


def test_should_read_the_same_articles_from_archive_and_folder(tmp_path: Path, sample_corpus: Path) -> None:
    archive = tmp_path / "corpus.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(sample_corpus / "text", arcname="text")
    from_folder = read_corpus(sample_corpus).articles
    from_archive = read_corpus(archive).articles
    assert len(from_folder) == 108
    assert sorted((a.category, a.text) for a in from_archive) == sorted((a.category, a.text) for a in from_folder)


def test_should_not_take_licence_readme_and_changes_for_articles(tmp_path: Path) -> None:
    members = {f"text/movies/{name}.txt": ARTICLE.encode() for name in ("LICENSE", "movies-1")}
    members |= {f"text/{name}.txt": b"no article" for name in ("README", "CHANGES")}
    assert len(read_corpus(write_archive(tmp_path / "c.tar.gz", members)).articles) == 1


def test_should_read_any_number_of_jsonl_files(tmp_path: Path) -> None:
    for number in range(3):
        row = json.dumps({"sentence1": f"記事{number}", "label": "い"}, ensure_ascii=False)
        (tmp_path / f"{number}.jsonl").write_text(row + "\n\n", encoding="utf-8")
    corpus = read_corpus(tmp_path)
    assert [article.text for article in corpus.articles] == ["記事0", "記事1", "記事2"]
    assert [source.articles for source in corpus.sources] == [1, 1, 1]


def test_should_read_text_with_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    member = b"\xef\xbb\xbf" + ARTICLE.replace("\n", "\r\n").encode()
    [article] = read_corpus(write_archive(tmp_path / "c.tar.gz", {"movies/a.txt": member})).articles
    assert article.text == "本文の一行目。\n二行目。"


@pytest.mark.parametrize("cut", [20, 150, -20])
def test_should_refuse_a_truncated_archive(tmp_path: Path, cut: int) -> None:
    members = {f"text/movies/{i}.txt": ARTICLE.encode() + bytes(str(i * 7919), "ascii") * 50 for i in range(50)}
    archive = write_archive(tmp_path / "corpus.tar.gz", members)
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"corpus\.tar\.gz: truncated"):
        read_corpus(archive)


def test_should_refuse_a_plain_archive_cut_between_two_members(tmp_path: Path) -> None:
    archive = tmp_path / "corpus.tar"
    with tarfile.open(archive, "w") as tar:
        for number in range(3):
            info = tarfile.TarInfo(f"movies/{number}.txt")
            info.size = len(ARTICLE.encode())
            tar.addfile(info, io.BytesIO(ARTICLE.encode()))
    assert len(read_corpus(archive).articles) == 3
    archive.write_bytes(archive.read_bytes()[: 2 * 1024])
    with pytest.raises(InputError, match=r"corpus\.tar: truncated"):
        read_corpus(archive)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/movies/a.txt", "text/../../b.txt"])
def test_should_refuse_a_path_that_leaves_the_folder(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / "c.tar.gz", {name: ARTICLE.encode()})
    with pytest.raises(InputError, match="leaves the folder"):
        read_corpus(archive)


def test_should_refuse_a_link_that_leaves_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(ARTICLE, encoding="utf-8")
    folder = tmp_path / "corpus" / "movies"
    folder.mkdir(parents=True)
    (folder / "a.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(InputError, match=r"a\.txt: links to a place outside"):
        read_corpus(tmp_path / "corpus")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ARTICLE.encode("euc-jp"), r"movies/a\.txt: is not UTF-8 \(byte \d+\)"),
        ("url\ndate\ntitle\n \n\u3000\n".encode(), r"movies/a\.txt: has no body"),
        (b"url\ndate\ntitle", r"movies/a\.txt: has no body"),
        (b"", r"movies/a\.txt: has no body"),
    ],
)
def test_should_name_the_file_that_is_no_article(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "movies").mkdir()
    (tmp_path / "movies/a.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"sentence1": "x"}', r"d\.jsonl:2: the key 'label' is missing"),
        ('{"label": "x"}', r"d\.jsonl:2: the key 'sentence1' is missing"),
        ('{"sentence1": "x", "label": 3}', r"d\.jsonl:2: 'label' must be a text"),
        ('{"sentence1": "  ", "label": "x"}', r"d\.jsonl:2: 'sentence1' must be a text that is not empty"),
        ('{"sentence1": "\\ud83d", "label": "x"}', r"d\.jsonl:2: 'sentence1' holds half a surrogate pair"),
        ("[1]", r"d\.jsonl:2: is not an object"),
        ("{oops", r"d\.jsonl:2: is not JSON"),
    ],
)
def test_should_name_the_line_that_is_no_row(tmp_path: Path, line: str, message: str) -> None:
    good = '{"sentence1": "本文", "label": "い"}'
    (tmp_path / "d.jsonl").write_text(f"{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_corpus(tmp_path)


def test_should_refuse_a_folder_without_or_with_two_kinds_of_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no"):
        read_corpus(tmp_path)
    (tmp_path / "movies").mkdir()
    (tmp_path / "movies/a.txt").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "d.jsonl").write_text('{"sentence1": "本文", "label": "い"}', encoding="utf-8")
    with pytest.raises(InputError, match="several kinds"):
        read_corpus(tmp_path)
