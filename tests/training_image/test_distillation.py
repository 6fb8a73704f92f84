"""A student of half the layers, trained on what a small trained teacher computes."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification

from chitra.hyperparameters import Hyperparameters
from chitra.long_articles import View
from chitra.model_files import read_tokenizer_files
from chitra.training_lines import read_metrics
from training_image.artefact import save_artefact
from training_image.candidates.build import Articles, measure_candidates
from training_image.candidates.record import ALLOWED, read_record
from training_image.collation import TrainingCollator, padded
from training_image.distillation import add_student, distil, halved, loss_of

CATEGORIES = 3
WORDS = range(10, 60)  # a word's category is its number, modulo CATEGORIES
VIEW = View(16)
GIVEN = Hyperparameters(train_batch_size=16, learning_rate=2e-3, precision="bf16")


def articles(count: int, seed: int) -> Dataset:
    """Each holds words of its category, and some of others."""
    random = np.random.default_rng(seed)
    labels = random.integers(CATEGORIES, size=count)
    own = [random.choice([word for word in WORDS if word % CATEGORIES == label], size=7) for label in labels]
    rows = [[2, *random.permutation([*words, *random.choice(WORDS, size=4)]).tolist(), 3] for words in own]
    return Dataset.from_dict({"input_ids": rows, "label": labels.tolist(), "article": range(count)})


@pytest.fixture(scope="module")
def teacher(stand_in: Path) -> BertForSequenceClassification:
    """Two layers, trained until it is right about nearly every article."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(read_tokenizer_files(stand_in).vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=CATEGORIES,
    )
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    train, collator = articles(320, seed=1), TrainingCollator(0, VIEW, seed=1)
    for first in [*range(0, 320, 16)] * 8:
        model(**collator([train[row] for row in range(first, first + 16)])).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def predicted(model: BertForSequenceClassification, given: Dataset) -> list[int]:
    with torch.inference_mode():
        labels: list[int] = model(**padded(given["input_ids"][:], 0)).logits.argmax(dim=1).tolist()
    return labels


def test_should_learn_what_its_teacher_computes(
    teacher: BertForSequenceClassification, capsys: pytest.CaptureFixture[str]
) -> None:
    train, held_out = articles(320, seed=1), articles(100, seed=2)
    student, collator = halved(teacher), TrainingCollator(0, VIEW, seed=1)
    batch = collator([held_out[row] for row in range(100)])
    before = loss_of(student, teacher, batch).item()
    assert distil(student, teacher, train, collator, GIVEN, 6, threading.Event())
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "distilling 2 layers into 1"
    assert all(read_metrics(line) == {} for line in said)  # they are the teacher's
    assert student.config.num_hidden_layers == len(student.bert.encoder.layer) == 1
    assert loss_of(student, teacher, batch).item() < before / 2
    assert predicted(teacher, held_out) != [0] * 100
    same = np.equal(predicted(student, held_out), predicted(teacher, held_out))
    assert same.mean() >= 0.97


def test_should_make_the_student_one_more_way_to_serve(
    tmp_path: Path, stand_in: Path, teacher: BertForSequenceClassification
) -> None:
    save_artefact(teacher, stand_in, tmp_path, view=VIEW, article_length=16)
    add_student(tmp_path, teacher, articles(320, seed=1), VIEW, GIVEN, 6, threading.Event())
    held_out = articles(60, seed=2)
    given = Articles(held_out["input_ids"][:], np.array(held_out["label"]), VIEW)
    record = measure_candidates(tmp_path, given, threading.Event())
    assert read_record(tmp_path) == record
    assert {way.student for way in record.ways} == {True, False}
    [fp32] = [way for way in record.ways if way.is_fp32]
    served = record.served("cpu")
    assert fp32 in served
    assert all(way.accuracy >= fp32.accuracy - ALLOWED for way in served if way.accuracy and fp32.accuracy)
    students = [way for way in served if way.student]
    assert (tmp_path / "student").exists() == bool(students)
    assert all((tmp_path / "student/int8.onnx").exists() for way in students if way.runtime == "int8")


def test_should_leave_no_student_when_it_is_stopped(
    tmp_path: Path, stand_in: Path, teacher: BertForSequenceClassification, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()
    stop.set()
    save_artefact(teacher, stand_in, tmp_path, view=VIEW, article_length=16)
    add_student(tmp_path, teacher, articles(16, seed=1), VIEW, GIVEN, 6, stop)
    assert not (tmp_path / "student").exists()
    assert "distilling: stopped by SIGTERM" in capsys.readouterr().out


def test_should_not_halve_a_single_layer(
    tmp_path: Path, teacher: BertForSequenceClassification, capsys: pytest.CaptureFixture[str]
) -> None:
    add_student(tmp_path, halved(teacher), articles(16, seed=1), VIEW, GIVEN, 6, threading.Event())
    assert "warning: distil: the model has one layer" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
