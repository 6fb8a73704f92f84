"""The stand-in has chiTra's file format, is reproducible, and knows nothing of held-out articles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from datasets import Dataset, load_from_disk
from sklearn.linear_model import LogisticRegression
from transformers import BertForMaskedLM

from chitra.corpus import Article, read_corpus
from chitra.model_files import is_stand_in
from chitra.split import split_articles
from rehearsal.stand_in import build_stand_in
from tests.conftest import SEED
from training_image.weights import load_classifier


def test_should_have_the_files_of_chitra(stand_in: Path) -> None:
    expected = {"config.json", "pytorch_model.bin", "vocab.txt", "tokenizer_config.json"}
    assert {file.name for file in stand_in.iterdir()} == expected
    assert is_stand_in(stand_in)
    config = json.loads((stand_in / "config.json").read_text())
    tokenizer = json.loads((stand_in / "tokenizer_config.json").read_text())
    assert (config["model_type"], config["max_position_embeddings"]) == ("bert", 512)
    assert tokenizer["word_form_type"] == "normalized_and_surface"
    assert tokenizer["sudachipy_kwargs"] == {"split_mode": "C", "dict_type": "core"}
    vocabulary = (stand_in / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert vocabulary[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert len(set(vocabulary)) == len(vocabulary) == config["vocab_size"]


def test_should_predict_masked_words_with_its_own_embeddings(stand_in: Path) -> None:
    """As chiTra's checkpoint does; what a classifier reads of the file is not touched by it."""
    weights = torch.load(stand_in / "pytorch_model.bin", weights_only=True)
    assert torch.equal(weights["cls.predictions.decoder.weight"], weights["bert.embeddings.word_embeddings.weight"])
    _, loading = BertForMaskedLM.from_pretrained(stand_in, output_loading_info=True)
    assert not loading["missing_keys"]


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_should_be_the_same_bytes_again(tmp_path: Path, sample_corpus: Path, stand_in: Path) -> None:
    build_stand_in(sample_corpus, tmp_path / "again", seed=SEED)
    assert digests(tmp_path / "again") == digests(stand_in)


def test_should_not_depend_on_held_out_articles(
    tmp_path: Path, sample_corpus: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other words in them change nothing, as long as they are held out."""
    articles = read_corpus(sample_corpus).articles
    train = split_articles(articles, SEED).train
    texts = [article.text if article in train else f"他の言葉{number}" for number, article in enumerate(articles)]
    assert len(train) < len(articles)
    pairs = zip(texts, articles, strict=True)
    rows = [json.dumps({"sentence1": text, "label": a.category}, ensure_ascii=False) for text, a in pairs]

    def split_as_before(given: Sequence[Article], seed: int) -> SimpleNamespace:
        assert seed == SEED
        known = {each.text: each for each in given}
        return SimpleNamespace(train=[known[each.text] for each in train])

    monkeypatch.setattr("rehearsal.stand_in.split_articles", split_as_before)
    (tmp_path / "all.jsonl").write_text("\n".join(rows), encoding="utf-8")
    build_stand_in(tmp_path / "all.jsonl", tmp_path / "others", seed=SEED)
    assert digests(tmp_path / "others") == digests(stand_in)
    vocabulary = set((stand_in / "vocab.txt").read_text(encoding="utf-8").splitlines())
    held_out = {char for a in articles for char in a.text} - {char for a in train for char in a.text}
    assert held_out
    assert not held_out & vocabulary


def test_should_load_as_a_classifier_with_named_labels(stand_in: Path) -> None:
    model = load_classifier(stand_in, ["料理", "映画"])
    assert model.config.id2label == {0: "料理", 1: "映画"}
    assert model.classifier.out_features == 2


@torch.inference_mode()
def pooled(model: Any, articles: Dataset, longest: int = 510) -> list[list[float]]:
    """What a new head gets to see of each article's beginning."""
    inputs = ([*ids[: longest + 1], ids[-1]] if len(ids) > longest else ids for ids in articles["input_ids"])
    return [model.bert(torch.tensor([ids])).pooler_output[0].tolist() for ids in inputs]


def test_should_tell_categories_apart_with_nothing_but_a_head_trained(stand_in: Path, preprocessed: Path) -> None:
    """Of nine categories, on articles that were held out: one in nine would be chance."""
    train, *held_out = (load_from_disk(preprocessed / name) for name in ("train", "validation", "test"))
    model: Any = load_classifier(stand_in, train.features["label"].names)
    model.eval()
    head = LogisticRegression(max_iter=1_000).fit(pooled(model, train), train["label"][:])
    right = [head.score(pooled(model, articles), articles["label"][:]) * len(articles) for articles in held_out]
    assert sum(right) / sum(map(len, held_out)) > 0.6
