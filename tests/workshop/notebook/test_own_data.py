"""A reader's own file: what is taken, and what is said about the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chitra.corpus import read_corpus
from chitra.errors import InputError
from tests.helpers.project import ROOT
from workshop.notebook.own_data import OwnData, check_own_data, read_own_data, write_corpus

SAMPLE = ROOT / "samples/own-data/enquiries.csv"


def rows(*labels: str) -> OwnData:
    lines = [json.dumps({"text": f"本文 {number}", "label": label}) for number, label in enumerate(labels)]
    return read_own_data("a.jsonl", "\n".join(lines).encode())


def test_should_make_a_corpus_of_the_sample(tmp_path: Path) -> None:
    data = read_own_data(SAMPLE.name, SAMPLE.read_bytes())
    check_own_data(data)
    assert data.problems == []
    assert data.per_category == {"使い方": 12, "返品": 12, "配送": 12}
    read = read_corpus(write_corpus(data.articles, tmp_path)).articles
    assert [(each.text, each.category) for each in read] == [(each.text, each.category) for each in data.articles]


def test_should_read_csv_as_excel_writes_it() -> None:
    content = '\ufefftext,label,memo\r\n"一行目\r\n二行目、""引用"", 終わり",甲,\r\n 三 , 乙 ,x\r\n'.encode()
    first, second = read_own_data("data.CSV", content).articles
    assert (first.text, first.category) == ('一行目\r\n二行目、"引用", 終わり', "甲")
    assert (second.text, second.category, second.source) == ("三", "乙", "data.CSV:4")


def test_should_say_one_sentence_per_bad_row_and_keep_the_others() -> None:
    lines = ['{"text": "よい", "label": "甲"}', "", '{"text": "途中', '["text"]', '{"text": 3, "label": "甲"}']
    lines += ['{"text": " ", "label": "甲"}', '{"text": "ラベルなし"}', '{"text": "\\ud800", "label": "甲"}']
    data = read_own_data("a.jsonl", "\n".join(lines).encode())
    assert [each.text for each in data.articles] == ["よい"]
    assert data.problems == [
        '3 行目: JSON として読めません（{"text": "途中）。',
        '4 行目: {"text": "本文", "label": "ラベル"} の形ではありません（["text"]）。',
        "5 行目: text が文字列ではありません（3）。",
        "6 行目: text が空です。",
        "7 行目: label が空です。",
        "8 行目: text に壊れた文字（サロゲートの片割れ）があります。",
    ]
    table = read_own_data("a.csv", 'text,label\nよい,甲\n"二\n行",\n本文に,コンマ,甲\n'.encode())
    assert table.problems == [
        "3 行目: label が空です。",
        '5 行目: 列が多すぎます。本文にコンマがあるときは、本文を " で囲んでください。',
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", b"PK", "a.xlsx: 読み込めるのは .csv と .jsonl です。"),
        ("a.csv", "本文,label\nあ,甲\n".encode(), "text という列がありません（見つかった列: 本文、label）"),
        ("a.csv", b"", "text、label という列がありません（見つかった列: なし）"),
        ("a.csv", b"text,label\n", "データの行がありません"),
        ("a.csv", 'text,label\n"閉じない,甲\n'.encode(), "2 行目から先を CSV として読めません"),
        ("a.csv", "text,label\n表計算,甲\n".encode("cp932"), "文字コードが Shift_JIS のようです。"),
        ("a.csv", "text,label\nあ,甲\n".encode("utf-16"), "文字コードが UTF-16 です。"),
        ("a.csv", b"text,label\n\x81\x00\xff,a\n", "UTF-8 のテキストではありません。"),
        ("a.jsonl", '{"body": "あ", "label": "甲"}'.encode(), "text という列がありません（見つかった列: body、label）"),
    ],
)
def test_should_explain_a_file_that_is_no_use(name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_own_data(name, content)
    assert message in str(error.value)
    assert str(error.value).endswith("ください。")
    assert "\n" not in str(error.value)


def test_should_want_two_labels_with_ten_texts_each() -> None:
    for data, message in [
        (rows(*["甲"] * 10), "ラベルが「甲」だけです。分類には 2 種類以上のラベルが必要です。"),
        (rows(*["甲"] * 10, *["乙"] * 9), "本文が足りないラベルがあります（「乙」9 件）。ラベルごとに 10 件以上"),
        (OwnData([], ["1 行目: text が空です。"]), "使える行がありません。"),
    ]:
        with pytest.raises(InputError) as error:
            check_own_data(data)
        assert message in str(error.value)
