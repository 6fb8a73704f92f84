"""A reader's own texts, as CSV or JSON lines: checked row by row, and written as a corpus."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chitra.corpus import ARTICLE_BYTES, Article
from chitra.errors import InputError
from chitra.files import write_whole
from chitra.json_text import parse_json
from chitra.split import MIN_ARTICLES
from chitra.visible import visible

TEXT, LABEL = "text", "label"
COLUMNS = (TEXT, LABEL)
CORPUS_FILE = "own-data.jsonl"
SHOWN = 40  # characters of what a reader wrote, in a message
EXCEL = "Excel では「CSV UTF-8（コンマ区切り）」を選んで保存し直してください。"

Row = tuple[int, Mapping[str, Any] | str]  # line number, and the row or why it cannot be read


@dataclass(frozen=True, slots=True)
class OwnData:
    """Rows that can be used, and one sentence for each that cannot; the file's order."""

    articles: list[Article]
    problems: list[str]

    @property
    def per_category(self) -> dict[str, int]:
        return dict(sorted(Counter(article.category for article in self.articles).items()))


def read_own_data(name: str, content: bytes) -> OwnData:
    """From a file called ``name``, whose ending says how to read it: ``.csv``, or ``.jsonl`` with an object per line.

    Raises:
        InputError: the file as a whole is no use, in one Japanese sentence.
    """
    readers = {".csv": _csv_rows, ".jsonl": _jsonl_rows}
    reader = readers.get(Path(name).suffix.lower())
    if reader is None:
        raise InputError(f"{visible(name)}: 読み込めるのは .csv と .jsonl です。どちらかの形式で保存してください。")
    articles, problems = list[Article](), list[str]()
    for number, row in reader(visible(name), content):
        problem = row if isinstance(row, str) else _problem(row)
        if problem or isinstance(row, str):
            problems.append(f"{number} 行目: {problem}")
        else:
            articles.append(Article(row[TEXT].strip(), row[LABEL].strip(), f"{name}:{number}"))
    if not articles and not problems:
        raise InputError(f"{visible(name)}: データの行がありません。1 行に 1 件ずつ、本文とラベルを書いてください。")
    return OwnData(articles, problems)


def check_own_data(data: OwnData) -> None:
    """Whether a classifier can be trained on it.

    Raises:
        InputError: one category only, or one with too few texts to stand in every split.
    """
    counts = data.per_category
    if not counts:
        raise InputError("使える行がありません。上に示した行を直してから、もう一度読み込んでください。")
    if len(counts) < 2:
        raise InputError(f"ラベルが「{visible(next(iter(counts)))}」だけです。分類には 2 種類以上のラベルが必要です。")
    few = [f"「{visible(category)}」{count} 件" for category, count in counts.items() if count < MIN_ARTICLES]
    if few:
        raise InputError(
            f"本文が足りないラベルがあります（{'、'.join(few)}）。"
            f"ラベルごとに {MIN_ARTICLES} 件以上になるように、本文を追加するか、ラベルを減らしてください。"
        )


def write_corpus(articles: Iterable[Article], folder: Path) -> Path:
    """The only corpus in ``folder``, in the form that the preprocessing job reads; returns the folder."""
    rows = ({"sentence1": article.text, "label": article.category} for article in articles)
    write_whole(folder / CORPUS_FILE, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))
    return folder


def _problem(row: Mapping[str, Any]) -> str:
    """Why a row is no use; empty when it is."""
    for column in COLUMNS:
        value = row.get(column)
        if value is None or (isinstance(value, str) and not value.strip()):
            return f"{column} が空です。"
        if not isinstance(value, str):
            return f"{column} が文字列ではありません（{_short(json.dumps(value, ensure_ascii=False))}）。"
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            return f"{column} に壊れた文字（サロゲートの片割れ）があります。"
    if len(row[TEXT].encode()) > ARTICLE_BYTES:
        return f"{TEXT} が長すぎます（{ARTICLE_BYTES:,} バイトまで）。"
    return ""


def _csv_rows(name: str, content: bytes) -> Iterator[Row]:
    csv.field_size_limit(2 * ARTICLE_BYTES)
    reader = csv.DictReader(io.StringIO(_decode(name, content), newline=""), strict=True)
    before = 0
    try:
        _require_columns(name, reader.fieldnames or [])
        before = reader.line_num
        for row in reader:
            too_many = None in row
            yield (
                before + 1,
                '列が多すぎます。本文にコンマがあるときは、本文を " で囲んでください。' if too_many else row,
            )
            before = reader.line_num
    except csv.Error as error:
        raise InputError(
            f'{name}: {before + 1} 行目から先を CSV として読めません（{error}）。" の閉じ忘れがないか確かめてください。'
        ) from error


def _jsonl_rows(name: str, content: bytes) -> Iterator[Row]:
    is_first = True
    for number, line in enumerate(_decode(name, content).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line.encode(errors="surrogatepass"), name, line=number)
        except InputError:
            yield number, f"JSON として読めません（{_short(line)}）。"
            continue
        if not isinstance(row, dict):
            yield number, f'{{"text": "本文", "label": "ラベル"}} の形ではありません（{_short(line)}）。'
            continue
        if is_first:
            _require_columns(name, list(row))
            is_first = False
        yield number, row


def _require_columns(name: str, found: Iterable[str]) -> None:
    names = list(found)
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise InputError(
            f"{name}: {'、'.join(missing)} という列がありません（見つかった列: {_short('、'.join(names) or 'なし')}）。"
            f"列の名前を {TEXT} と {LABEL} にしてください。"
        )


def _decode(name: str, content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{name}: 文字コードが UTF-16 です。UTF-8 で保存し直してください。{EXCEL}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        content.decode("cp932")
    except UnicodeDecodeError:
        raise InputError(f"{name}: UTF-8 のテキストではありません。UTF-8 で保存し直してください。") from None
    raise InputError(f"{name}: 文字コードが Shift_JIS のようです。UTF-8 で保存し直してください。{EXCEL}")


def _short(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
