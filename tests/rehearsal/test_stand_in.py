"""The stand-in has chiTra's file format, is reproducible, and knows nothing of held-out articles."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from chitra.corpus import read_corpus
from chitra.split import split_articles
from rehearsal.stand_in import build_stand_in, is_stand_in
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


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_should_be_the_same_bytes_again(tmp_path: Path, sample_corpus: Path, stand_in: Path) -> None:
    build_stand_in(sample_corpus, tmp_path / "again", seed=SEED)
    assert digests(tmp_path / "again") == digests(stand_in)


def test_should_not_depend_on_held_out_articles(tmp_path: Path, sample_corpus: Path, stand_in: Path) -> None:
    """Other words in held-out articles of the same order change nothing."""
    articles = read_corpus(sample_corpus).articles
    train = split_articles(articles, SEED).train
    rows = [json.dumps({"sentence1": a.text, "label": a.category}, ensure_ascii=False) for a in articles]
    (tmp_path / "all.jsonl").write_text("\n".join(rows), encoding="utf-8")
    build_stand_in(tmp_path / "all.jsonl", tmp_path / "from-jsonl", seed=SEED)
    assert digests(tmp_path / "from-jsonl") == digests(stand_in)
    vocabulary = set((stand_in / "vocab.txt").read_text(encoding="utf-8").splitlines())
    held_out = {char for a in articles for char in a.text} - {char for a in train for char in a.text}
    assert held_out
    assert not held_out & vocabulary


def test_should_load_as_a_classifier_with_named_labels(stand_in: Path) -> None:
    model = load_classifier(stand_in, ["料理", "映画"])
    assert model.config.id2label == {0: "料理", 1: "映画"}
    assert model.classifier.out_features == 2
