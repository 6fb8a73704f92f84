"""Metrics, the baseline and the plots."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, load_from_disk
from PIL import Image

from chitra.long_articles import View
from training_image.baseline import baseline_accuracy
from training_image.evaluation import evaluate, prediction_rows
from training_image.plots import plot_confusion_matrix, plot_learning_curve
from training_image.scores import softmax
from training_image.trainer import Epoch

CATEGORIES = ["映画", "sports", "料理"]
LABELS = np.array([0, 0, 1, 1, 2, 2])
PREDICTED = np.array([0, 1, 1, 1, 2, 0])


def test_should_count_what_was_taken_for_what() -> None:
    evaluation = evaluate(LABELS, PREDICTED, CATEGORIES)
    assert evaluation.accuracy == pytest.approx(4 / 6)
    assert evaluation.confusion_matrix == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    sports = evaluation.categories["sports"]
    assert (sports["precision"], sports["recall"]) == (pytest.approx(2 / 3), 1.0)
    f1 = [2 * p * r / (p + r) for p, r in ((1 / 2, 1 / 2), (2 / 3, 1), (1, 1 / 2))]
    assert evaluation.macro_f1 == pytest.approx(sum(f1) / 3)


def test_should_evaluate_a_category_that_was_never_predicted() -> None:
    evaluation = evaluate(np.array([0, 1]), np.array([0, 0]), CATEGORIES)
    assert evaluation.categories["料理"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "articles": 0}


def test_should_give_scores_that_add_up_to_one() -> None:
    scores = softmax(np.array([[1000.0, 1001.0], [-5.0, -5.0]]))
    assert scores.sum(axis=1) == pytest.approx([1, 1])
    assert scores[1] == pytest.approx([0.5, 0.5])


def test_should_name_the_article_of_each_prediction() -> None:
    [row] = prediction_rows([17], np.array([1]), np.array([[0.0, 0.0, 9.0]]), CATEGORIES)
    assert (row["article"], row["label_name"], row["predicted"]) == (17, "sports", "料理")
    assert row["score"] == pytest.approx(0.9998, abs=1e-4)


def test_should_put_words_together_again_for_the_baseline() -> None:
    """Only the whole word tells the categories apart: every piece stands in both."""
    vocabulary = ["[CLS]", "[SEP]", "東", "##京", "##都", "西"]
    east, west = [0, 2, 3, 5, 4, 1], [0, 2, 4, 5, 3, 1]
    rows = {"input_ids": [east, west] * 10, "label": [0, 1] * 10}
    data = Dataset.from_dict(rows)
    assert baseline_accuracy(data, data, view=View(512), vocabulary=vocabulary) == 1.0
    assert baseline_accuracy(data, data, view=View(3), vocabulary=vocabulary) == 0.5


def test_should_beat_chance_with_the_baseline_on_the_sample(preprocessed: Path, stand_in: Path) -> None:
    vocabulary = (stand_in / "vocab.txt").read_text(encoding="utf-8").splitlines()
    train, test = (load_from_disk(preprocessed / name) for name in ("train", "test"))
    assert baseline_accuracy(train, test, view=View(512), vocabulary=vocabulary) > 0.5


def test_should_not_hold_the_words_of_all_articles_for_the_baseline() -> None:
    """What grows with the corpus is one number per article and different word."""
    pieces = [chr(0x4E00 + number) for number in range(50)]
    vocabulary = ["[CLS]", "[SEP]", *pieces, *(f"##{piece}" for piece in pieces)]
    chance = random.Random(5)  # noqa: S311
    rows = [[0, *(2 + chance.randrange(50) + 50 * (i % 2) for i in range(510)), 1] for _ in range(1_000)]
    data = Dataset.from_dict({"input_ids": rows, "label": [number % 2 for number in range(1_000)]})
    tracemalloc.start()
    listed = [[vocabulary[ids[i]] + vocabulary[ids[i + 1]] for i in range(1, 511, 2)] for ids in rows]
    all_words = tracemalloc.get_traced_memory()[0]
    del listed
    tracemalloc.reset_peak()
    baseline_accuracy(data, data, view=View(512), vocabulary=vocabulary)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < all_words / 2


def test_should_draw_plots_with_japanese_labels(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    plot_confusion_matrix(evaluate(LABELS, PREDICTED, CATEGORIES), tmp_path / "matrix.png")
    curve = [Epoch(1.0, 1.5, 1.2, 0.6), Epoch(2.0, 0.8, 0.9, 0.8)]
    plot_learning_curve(curve, 0.7, tmp_path / "curve.png")
    for name in ("matrix.png", "curve.png"):
        with Image.open(tmp_path / name) as image:
            assert min(image.size) > 400
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]
