"""Articles of one's own are read from whatever holds them, and come back with their categories."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from chitra.errors import InputError, WorkshopError
from workshop.data.batches import (
    Classified,
    Unlabelled,
    check_output,
    output_beside,
    read_answers,
    read_unlabelled,
    write_classified,
)

LIVEDOOR = "http://news.example/1\n2012-01-01T00:00:00+0900\n題名\n本文です。\n二行目。\n"


def test_should_read_a_folder_of_texts_tables_and_lines(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/one.txt").write_text("一つ目の記事。\n続き。\n", encoding="utf-8")
    (tmp_path / "livedoor.txt").write_text(LIVEDOOR, encoding="utf-8")
    (tmp_path / "README.txt").write_text("no article", encoding="utf-8")
    (tmp_path / ".hidden.txt").write_text("no article", encoding="utf-8")
    (tmp_path / "rows.csv").write_text('\ufefflabel,text\nx,"a,\nb"\ny,c\n', encoding="utf-8")
    (tmp_path / "lines.jsonl").write_text('{"text": "猫"}\n\n{"sentence1": "犬", "label": "x"}\n', encoding="utf-8")
    assert read_unlabelled([tmp_path]) == [
        Unlabelled("lines.jsonl:1", "猫"),
        Unlabelled("lines.jsonl:3", "犬"),
        Unlabelled("livedoor.txt", "本文です。\n二行目。"),
        Unlabelled("rows.csv:2", "a,\nb"),
        Unlabelled("rows.csv:4", "c"),
        Unlabelled("sub/one.txt", "一つ目の記事。\n続き。"),
    ]
    [alone] = read_unlabelled([tmp_path / "sub/one.txt"])
    assert json.loads(alone.line()) == {"article": "one.txt", "text": "一つ目の記事。\n続き。"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", b"x", "is none of .txt, .csv, .jsonl"),
        ("a.txt", b"  \n", "a.txt: has no text"),
        ("a.txt", "あ".encode("cp932"), "a.txt:1: is not UTF-8"),
        ("a.csv", b"body\nx\n", "a.csv: has no column text"),
        ("a.csv", b"text\na,b\n", "a.csv:2: has too many columns"),
        ("a.csv", b'text\n"a', "a.csv:2: is not CSV"),
        ("a.jsonl", b'{"text": "a"}\n{"text": 1}\n', "a.jsonl:2: has no text"),
        ("a.jsonl", b'{"body": "a"}\n', 'a.jsonl:1: has no key "text"'),
        ("a.txt", b"x" * 2**20, "a.txt: is larger than 1,048,576 bytes, too large for one request"),
    ],
)
def test_should_name_the_place_of_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refusal:
        read_unlabelled([tmp_path / name])
    assert message in str(refusal.value)
    with pytest.raises(InputError, match="does not exist"):
        read_unlabelled([tmp_path / "nothing"])


def test_should_refuse_a_folder_without_articles(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no article"):
        read_unlabelled([tmp_path])


def test_should_write_results_for_spreadsheets_and_programs(tmp_path: Path) -> None:
    line = {
        "article": "a.txt",
        "text": "=1+1",
        "SageMakerOutput": {"label_name": "x", "scores": {"x": 0.75, "y": 0.25}},
    }
    [answer] = read_answers(json.dumps(line).encode() + b"\n", "articles.jsonl.out")
    assert answer == Classified(Unlabelled("a.txt", "=1+1"), "x", {"x": 0.75, "y": 0.25})
    write_classified(tmp_path / "r.csv", [answer])
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [["article", "category", "score", "text"], ["a.txt", "x", "0.7500", "'=1+1"]]
    write_classified(tmp_path / "r.jsonl", [answer])
    assert json.loads((tmp_path / "r.jsonl").read_text(encoding="utf-8"))["scores"] == {"x": 0.75, "y": 0.25}
    with pytest.raises(WorkshopError, match=r"articles.jsonl.out:1: is none of this workshop's answers"):
        list(read_answers(b'{"article": "a.txt", "text": "", "SageMakerOutput": "no"}', "articles.jsonl.out"))


def test_should_find_the_place_beside_the_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.csv"
    file.touch()
    assert output_beside([file]) == tmp_path / "mine.classified.csv"
    (tmp_path / "folder").mkdir()
    assert output_beside([tmp_path / "folder"]) == tmp_path / "folder.classified.csv"
    monkeypatch.chdir(tmp_path / "folder")
    assert output_beside([Path()]) == tmp_path / "folder.classified.csv"
    assert output_beside([Path("..")]) == tmp_path.with_name(f"{tmp_path.name}.classified.csv")
    with pytest.raises(InputError, match=r"--output .*must end with \.csv or \.jsonl"):
        check_output(tmp_path / "r.xlsx")
