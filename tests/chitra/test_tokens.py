"""What people are shown is what the model reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from chitra.corpus import read_corpus
from chitra.tokenisation import Encoder
from chitra.tokens import SudachiReader, TokenReader

LENGTH = 64
TEXTS = [
    "",
    "引越してからすだちを届けます",
    "春 と\n\n夏\u3000です。",
    "[SEP]春です[MASK]。",
    "ＡＢＣ①㌔ 😀" * 40,
    "春" * 60_000,
]


@pytest.fixture(scope="module")
def reader(stand_in: Path) -> TokenReader:
    return TokenReader(stand_in, LENGTH)


def test_should_show_the_tokens_whose_ids_the_model_gets(
    reader: TokenReader, stand_in: Path, sample_corpus: Path
) -> None:
    encoder = Encoder(stand_in, LENGTH)
    texts = TEXTS + [article.text for article in read_corpus(sample_corpus).articles]
    for text, ids in zip(texts, encoder.encode(texts), strict=True):
        reading = reader.read(text)
        tokens = [token for word in reading.words for token in word.tokens]
        assert tokens == encoder.tokenizer.convert_ids_to_tokens(ids.tolist())[1:-1]
        assert reading.count == len(tokens) <= LENGTH - 2


def test_should_say_when_the_model_has_no_room_for_the_rest(reader: TokenReader) -> None:
    assert not reader.read("試合に勝ちました。").is_cut
    reading = reader.read("試合に勝ちました。" * 20)
    assert reading.is_cut
    assert reading.count == LENGTH - 2


def test_should_tell_what_a_normalised_word_was(reader: TokenReader) -> None:
    words = {word.surface: word for word in reader.read("引越してからすだちを届けます").words}
    assert (words["引越"].form, words["引越"].is_changed) == ("引っ越し", True)
    assert words["すだち"].form == "酢橘"
    assert not words["から"].is_changed


def test_should_show_words_where_there_is_no_model() -> None:
    reading = SudachiReader(max_words=5).read("引越してから すだちを届けます")
    assert [(word.surface, word.form) for word in reading.words] == [
        ("引越", "引っ越し"),
        ("し", "し"),
        ("て", "て"),
        ("から", "から"),
        ("すだち", "酢橘"),
    ]
    assert reading.is_cut
    assert not any(word.is_unknown for word in reading.words)
