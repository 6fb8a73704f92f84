"""Files of articles as people have them, and what a spreadsheet gets back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from workshop.demo.article_files import MEGABYTES, MOST_ARTICLES, MOST_CHARACTERS, Row, read_articles, results_csv
from workshop.demo.problems import ProblemError, sentence
from workshop.demo.words import words_in
from workshop.report.words import Language

GOOD = {
    "column.csv": ("id,text\n1,春です。\n2,夏です。\n", ["春です。", "夏です。"]),
    "dataset.csv": ("label,sentence1\r\nsports,春です。\r\n", ["春です。"]),
    "quoted.csv": ('text\n"一行目、\n""二""行目"\n\n夏です。\n', ['一行目、\n"二"行目', "夏です。"]),
    "one-column.csv": ("春です。\n夏です。\n", ["春です。", "夏です。"]),
    "excel.csv": ("\ufefftext\n春です。\n", ["春です。"]),
    "dataset.jsonl": ('{"sentence1": "春です。", "label": "a"}\n\n{"text": "夏です。"}\n', ["春です。", "夏です。"]),
    "texts.jsonl": ('"春です。"\n"夏です。"', ["春です。", "夏です。"]),
    "lines.txt": ("\ufeff春です。\r\n\r\n 夏です。\n", ["春です。", "夏です。"]),
    "UPPER.TXT": ("春です。", ["春です。"]),
}

BAD = {
    "none.csv": (b"", "file_empty", None),
    "heading.csv": (b"text\n", "file_empty", None),
    "blank.txt": (b"\n \n", "file_empty", None),
    "columns.csv": (b"a,b\n1,2\n", "file_column", None),
    "ragged.csv": (b"id,text\n1,a\n2,b,c\n", "file_csv", 3),
    "quotes.csv": (b'id,text\n1,"a\n', "file_csv", 2),
    "empty.csv": (b"id,text\n1,a\n2, \n", "file_blank", 3),
    "bad.jsonl": (b'{"text": "a"}\n{"text": ', "file_json", 2),
    "key.jsonl": (b'{"body": "a"}', "file_json", 1),
    "number.jsonl": (b'{"text": 1}', "file_json", 1),
    "sjis.csv": ("text\n春です。\n".encode("shift_jis"), "file_encoding", 2),
    "utf16.txt": ("春".encode("utf-16"), "file_encoding", 1),
    "book.xlsx": (b"PK", "file_kind", None),
    "large.txt": (b"a" * (MEGABYTES * 2**20 + 1), "file_size", None),
    "many.txt": (b"a\n" * (MOST_ARTICLES + 1), "file_articles", None),
    "long.txt": (b"a\n" + b"a" * (MOST_CHARACTERS + 1), "file_long", 2),
}


@pytest.mark.parametrize("name", GOOD)
def test_should_read_articles_in_their_order(tmp_path: Path, name: str) -> None:
    text, articles = GOOD[name]
    (tmp_path / name).write_bytes(text.encode())
    assert read_articles(tmp_path / name) == articles


@pytest.mark.parametrize("name", BAD)
def test_should_say_in_one_sentence_what_is_wrong_with_a_file(tmp_path: Path, name: str) -> None:
    content, key, line = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProblemError) as problem:
        read_articles(tmp_path / name)
    assert problem.value.key == key
    for language in Language:
        said = sentence(problem.value, words_in(language))
        assert "\n" not in said
        assert line is None or str(line) in said


def test_should_keep_half_of_a_surrogate_pair_from_the_model(tmp_path: Path) -> None:
    (tmp_path / "half.jsonl").write_text('{"text": "春\\ud83c"}')
    assert read_articles(tmp_path / "half.jsonl") == ["春?"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t", "\r"])
def test_should_give_a_spreadsheet_no_formula(start: str) -> None:
    article = f'{start}cmd|"/c calc"!A1, 春'
    content = results_csv(["番号", "カテゴリー", "スコア", "本文"], [Row("1", f"{start}a", "0.900", article)])
    [heading, row] = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert heading == ["番号", "カテゴリー", "スコア", "本文"]
    assert row == ["1", f"'{start}a", "0.900", f"'{article}"]
    assert content.startswith(b"\xef\xbb\xbf")
