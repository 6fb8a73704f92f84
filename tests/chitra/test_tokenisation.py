"""The encoder gives exactly the ids of SudachiTra's tokenizer, and chiTra's known vectors."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sudachitra.word_formatter import WordFormTypes

from chitra.corpus import Article, read_corpus
from chitra.errors import InputError
from chitra.fingerprint import Fingerprint, fingerprint
from chitra.model_files import SPECIAL_TOKENS, pieces_by_id
from chitra.tokenisation import ADDED_TOKENS, CUT, Encoder
from chitra.tokens import SudachiReader, TokenReader
from chitra.words import MAX_WORD_CHARACTERS, WordIds
from tests.helpers.golden import CAT, CAT_IDS, CAT_PIECES, MOVING, MOVING_PIECES, write_golden_vocabulary

given_corpus = pytest.mark.skipif("CORPUS" not in os.environ, reason="CORPUS names no corpus of your own")


@pytest.fixture(scope="session")
def golden_model(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    folder = tmp_path_factory.mktemp("golden") / "model"
    shutil.copytree(stand_in, folder)
    write_golden_vocabulary(folder)
    return folder


def test_should_give_the_golden_ids_of_chitra(golden_model: Path) -> None:
    assert ids_of(Encoder(golden_model, 512), CAT) == CAT_IDS


@pytest.mark.parametrize(("text", "pieces"), [(CAT, CAT_PIECES), (MOVING, MOVING_PIECES)])
def test_should_give_the_golden_pieces_of_chitra(golden_model: Path, text: str, pieces: list[str]) -> None:
    encoder = Encoder(golden_model, 512)
    assert encoder.tokenizer.convert_ids_to_tokens(ids_of(encoder, text)) == ["[CLS]", *pieces, "[SEP]"]


@pytest.fixture(scope="session")
def encoder(stand_in: Path) -> Encoder:
    return Encoder(stand_in, 512)


def reference(encoder: Encoder, text: str, max_length: int = 512) -> list[int]:
    ids: list[int] = encoder.tokenizer(text, truncation=True, max_length=max_length)["input_ids"]
    return ids


def ids_of(encoder: Encoder, text: str) -> list[int]:
    """The ids of a text that is encoded alone."""
    (ids,) = encoder.encode([text])
    return ids.tolist()


def differing(encoder: Encoder, articles: list[Article], expected: list[list[int]] | None = None) -> list[str]:
    """Where the articles stand whose ids, encoded together, are not the expected ones: the reference's."""
    expected = expected or [reference(encoder, article.text) for article in articles]
    encoded = encoder.encode([article.text for article in articles])
    return [
        article.source
        for article, ours, theirs in zip(articles, encoded, expected, strict=True)
        if ours.tolist() != theirs
    ]


def test_should_equal_the_reference_on_the_sample_corpus(encoder: Encoder, sample_corpus: Path) -> None:
    articles = read_corpus(sample_corpus).articles
    assert differing(encoder, articles) == []


def model_with(stand_in: Path, folder: Path, **changes: object) -> Path:
    """The stand-in with another tokenizer configuration."""
    shutil.copytree(stand_in, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | changes))
    return folder


@pytest.mark.parametrize("word_form", [str(form) for form in WordFormTypes])
@pytest.mark.parametrize("split_mode", ["A", "C"])
def test_should_equal_the_reference_in_every_word_form(
    tmp_path: Path, stand_in: Path, sample_corpus: Path, word_form: str, split_mode: str
) -> None:
    sudachi = {"split_mode": split_mode, "dict_type": "core"}
    folder = model_with(stand_in, tmp_path / "model", word_form_type=word_form, sudachipy_kwargs=sudachi)
    encoder = Encoder(folder, 512)
    articles = read_corpus(sample_corpus).articles
    text = "\n".join(article.text for article in articles[::9])
    assert ids_of(encoder, text) == reference(encoder, text)
    assert differing(encoder, articles[::4]) == []


@pytest.fixture
def every_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segment sentence by sentence and line by line, so that each place for a cut is one."""
    monkeypatch.setattr("chitra.tokenisation.CHARACTERS_PER_ID", 0)


def test_should_know_of_the_tokenizer_what_is_not_read_off_it(encoder: Encoder) -> None:
    reference = encoder.tokenizer
    assert set(reference.added_tokens_encoder) == set(SPECIAL_TOKENS.values())
    assert reference.build_inputs_with_special_tokens([]) == Encoder(encoder.model_dir, 8).encode([""])[0].tolist()
    assert reference.num_special_tokens_to_add() == ADDED_TOKENS
    assert reference.subword_tokenizer.max_input_chars_per_word == MAX_WORD_CHARACTERS


def test_should_name_the_piece_of_every_id_as_the_reference_does(encoder: Encoder) -> None:
    vocabulary = {"[UNK]": 0, "春": 1, "夏": 3}  # 2 was that of a piece that a later line holds again
    assert pieces_by_id(vocabulary) == ["[UNK]", "春", "[UNK]"]
    pieces = pieces_by_id(dict(encoder.tokenizer.vocab))
    assert pieces == encoder.tokenizer.convert_ids_to_tokens(range(len(encoder.tokenizer)))


@pytest.mark.usefixtures("every_cut")
def test_should_equal_the_reference_over_every_cut(encoder: Encoder, sample_corpus: Path) -> None:
    articles = read_corpus(sample_corpus).articles
    assert differing(encoder, articles) == []


def test_should_cut_through_no_word_of_the_dictionary(encoder: Encoder) -> None:
    """A word with a cut inside would be read otherwise; one that ends with 「。」 is left to the reference."""
    entries = encoder.tokenizer.word_tokenizer.sudachi_dict.entries()
    words = [word for entry in entries if re.search("[。\n]", word := entry.surface())]
    assert "(*^。^*)" in words
    assert [word for word in words if CUT.search(word)] == []


@pytest.mark.usefixtures("every_cut")
@pytest.mark.parametrize(
    "text",
    [
        "よろしくだよ(*^。^*)ぬいぐるみ。",
        "歌手はミニモニ。です。次の歌。",
        "「はい。」と言う。『え。』。",
        "見出し\n\n本文です。\n\n\u3000次の行 \r\nは二\n三千",
    ],
)
def test_should_not_tear_what_sudachi_takes_as_one(encoder: Encoder, text: str) -> None:
    assert ids_of(encoder, text) == reference(encoder, text)


def small_vocabulary(stand_in: Path, folder: Path) -> Path:
    """The stand-in with a third of its pieces, so that more words fall to pieces or to [UNK]."""
    shutil.copytree(stand_in, folder)
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    kept = lines[:5] + lines[5::3]
    (folder / "vocab.txt").write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    return folder


def test_should_equal_the_reference_with_another_vocabulary(
    tmp_path: Path, stand_in: Path, sample_corpus: Path
) -> None:
    encoder = Encoder(small_vocabulary(stand_in, tmp_path / "model"), 512)
    articles = read_corpus(sample_corpus).articles
    assert differing(encoder, articles) == []


def test_should_count_the_texts_that_only_the_reference_could_encode(stand_in: Path) -> None:
    encoder = Encoder(stand_in, 512)
    encoder.encode(["鉄の剣が見つかりました。", "[MASK]が見つかりました。", ""])
    assert encoder.fallbacks == 1


@given_corpus
@pytest.mark.parametrize("word_form", [str(form) for form in WordFormTypes])
def test_should_equal_the_reference_on_the_given_corpus(
    tmp_path: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch, word_form: str
) -> None:
    """As the job cuts the texts, and over every cut."""
    encoder = Encoder(model_with(stand_in, tmp_path / "model", word_form_type=word_form), 512)
    articles = read_corpus(Path(os.environ["CORPUS"])).articles
    expected = [reference(encoder, article.text) for article in articles]
    assert differing(encoder, articles, expected) == []
    assert encoder.fallbacks < len(articles) / 100
    monkeypatch.setattr("chitra.tokenisation.CHARACTERS_PER_ID", 0)
    assert differing(encoder, articles, expected) == []


@given_corpus
def test_should_equal_the_reference_on_the_given_corpus_with_another_vocabulary(tmp_path: Path, stand_in: Path) -> None:
    encoder = Encoder(small_vocabulary(stand_in, tmp_path / "model"), 512)
    articles = read_corpus(Path(os.environ["CORPUS"])).articles
    assert differing(encoder, articles) == []


japanese = st.text(
    st.one_of(
        st.sampled_from("。。。、「」！？\n\t \u3000ーのはがをに今日東京大学ＡＢＣabc０１２ｱｶﾞﾊﾟ👍🏽が゙㍿№①"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)
sentences = st.lists(japanese, max_size=40).map("。".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sentences)
@example("")
@example(" \n\u3000 ")
@example("[CLS]と[MASK]を含む。[SEP]。")
@example("。" * 900)
@example("走る。" * 400 + "。。" + "猫である" * 300)
def test_should_equal_the_reference_for_any_text(encoder: Encoder, text: str) -> None:
    assert ids_of(encoder, text) == reference(encoder, text)


@pytest.mark.usefixtures("every_cut")
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(sentences)
def test_should_equal_the_reference_for_any_text_over_every_cut(encoder: Encoder, text: str) -> None:
    assert ids_of(encoder, text) == reference(encoder, text)


@settings(max_examples=50, deadline=None)
@given(st.lists(sentences, max_size=5))
def test_should_encode_texts_together_as_one_by_one(encoder: Encoder, texts: list[str]) -> None:
    assert [ids.tolist() for ids in encoder.encode(texts)] == [ids_of(encoder, text) for text in texts]


@pytest.fixture(scope="session")
def word_ids(encoder: Encoder) -> WordIds:
    return WordIds(dict(encoder.tokenizer.vocab), encoder.id_type)


@given(st.text(st.sampled_from("東京大学のはがabc1#[]\n \u3000ゞ👍"), max_size=120))
def test_should_find_the_pieces_that_the_reference_finds(encoder: Encoder, word_ids: WordIds, word: str) -> None:
    """Words as no segmentation gives them too: with white space, or longer than WordPiece takes."""
    tokenizer = encoder.tokenizer
    ids = np.frombuffer(word_ids[word], encoder.id_type)
    assert ids.tolist() == tokenizer.convert_tokens_to_ids(tokenizer.subword_tokenizer.tokenize(word))


def test_should_take_texts_longer_than_sudachi_does(encoder: Encoder) -> None:
    assert len(ids_of(encoder, "東京の大学で学ぶ" * 20_000)) == 512
    assert len(ids_of(encoder, "東京の大学で学ぶ。" * 20_000)) == 512


@pytest.mark.parametrize("text", ["㌖" * 4_000, "ﷺ" * 3_000, "ﷺ" * 3_000 + "[SEP]"])
def test_should_take_texts_that_grow_when_sudachi_normalises_them(stand_in: Path, encoder: Encoder, text: str) -> None:
    found = ids_of(encoder, text)
    assert len(found) > 2
    assert TokenReader(stand_in, 512).read(text).count == len(found) - 2
    assert SudachiReader(max_words=5).read(text).words


def test_should_remember_no_word_that_is_too_long_for_the_vocabulary(word_ids: WordIds) -> None:
    longest = "a" * MAX_WORD_CHARACTERS
    assert word_ids[longest]
    assert word_ids[longest + "a"]
    assert longest in word_ids
    assert longest + "a" not in word_ids


def test_should_truncate_as_the_reference_does(stand_in: Path, encoder: Encoder) -> None:
    text = "鉄の剣が見つかりました。" * 20
    assert ids_of(Encoder(stand_in, 16), text) == reference(encoder, text, 16)


def test_should_name_what_differs_between_two_fingerprints(stand_in: Path) -> None:
    ours = fingerprint(stand_in)
    assert Fingerprint.from_json(ours.to_json()) == ours
    theirs = Fingerprint.from_json({**ours.to_json(), "dictionary": "core 20211220"})
    assert ours.differences(theirs) == f"dictionary: {ours.dictionary} / core 20211220"
    assert ours.digest != theirs.digest


def test_should_take_word_form_and_split_mode_from_the_model(tmp_path: Path, stand_in: Path) -> None:
    sudachi = {"split_mode": "A", "dict_type": "core"}
    folder = model_with(stand_in, tmp_path / "model", word_form_type="surface", sudachipy_kwargs=sudachi)
    found = fingerprint(folder)
    assert (found.word_form, found.split_mode) == ("surface", "A")


@pytest.mark.parametrize("missing", ["vocab.txt", "config.json", "tokenizer_config.json"])
def test_should_refuse_a_folder_that_is_no_model(tmp_path: Path, stand_in: Path, missing: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(stand_in, folder)
    (folder / missing).unlink()
    with pytest.raises(InputError, match=f"is no chiTra model, {missing} is missing"):
        Encoder(folder, 512)
