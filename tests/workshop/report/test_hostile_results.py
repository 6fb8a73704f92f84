"""Others can write to the bucket: what they put there is shown as it is, or refused in one line that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from chitra.errors import InputError
from tests.workshop.report.conftest import RUN
from tests.workshop.report.test_page import assert_harmless
from workshop.report import files
from workshop.report.page import build_page
from workshop.report.results import read_results
from workshop.report.words import Language

EVIL = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\"'\x1b\u202e"
SHOWN = EVIL.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e")
METRICS, PREDICTIONS = "report/metrics.json", "report/predictions.jsonl"
MANIFEST, ARTICLES = "datasets/raw/manifest.json", "datasets/raw/data-00000-of-00001.arrow"


def table(**columns: list[object]) -> bytes:
    made = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as stream:
        stream.write_table(made)
    return bytes(sink.getvalue())


def leading_out_of_its_data() -> bytes:
    """The text's end is a gigabyte behind the file's."""
    content = table(sentence1=["x" * 12_345], label=["a"])
    ends, behind = (bytes(4) + length.to_bytes(4, "little") for length in (12_345, 2**30))
    before, _, after = content.rpartition(ends)  # the data is behind its description
    return before + behind + after


def test_should_show_hostile_texts_as_they_are(exported: Path, change: Callable[..., None]) -> None:
    metrics = json.loads((exported / METRICS).read_text())
    names = [EVIL, *list(metrics["categories"])[1:]]
    change(
        exported / METRICS,
        categories=dict(zip(names, metrics["categories"].values(), strict=True)),
        warnings=[EVIL],
        hyperparameters={EVIL: EVIL},
        model={"name": EVIL, "layers": 1, "hidden_size": 1, "vocabulary": 1, "parameters": 1},
    )
    row = {"article": 0, "label_name": EVIL, "predicted": names[1], "score": 0.9}
    (exported / PREDICTIONS).write_text(json.dumps(row))
    (exported / ARTICLES).write_bytes(table(sentence1=[EVIL], label=[EVIL]))
    change(exported / MANIFEST, tokenisation={EVIL: EVIL[:60]})
    page = build_page(read_results(exported, RUN), Language.JA)
    texts = assert_harmless(page).texts
    assert texts.count(SHOWN) >= 6
    assert not [character for character in page if character in "\x1b\u202e"]


def test_should_survive_extreme_numbers(exported: Path, change: Callable[..., None]) -> None:
    epochs = [
        {"epoch": 1, "train_loss": float("nan"), "validation_loss": 1e308, "validation_accuracy": 0},
        {"epoch": 1, "train_loss": float("inf"), "validation_loss": -1, "validation_accuracy": 0},
    ]
    change(exported / METRICS, epochs=epochs, train_seconds=0, hyperparameters={"seed": 2**62, "epochs": None})
    (exported / PREDICTIONS).write_text("")
    (exported / ARTICLES).write_bytes(table(sentence1=[None, "", "長" * 100_000], label=["a", None, "a"]))
    assert_harmless(build_page(read_results(exported, RUN), Language.EN))


MANY_CATEGORIES = {
    "articles": 1,
    "articles_per_category": {"train": {}, "validation": {}, "test": {}},
    "categories": ["a"] * 1_001,
    "max_length": 512,
}
BROKEN = [
    (METRICS, b""),
    (METRICS, b"[]"),
    (METRICS, b"\xff"),
    (METRICS, b"[" * 100_000),
    (METRICS, b'{"accuracy": 1' + b"0" * 5_000 + b"}"),
    (METRICS, b'{"accuracy": NaN}'),
    (PREDICTIONS, b"{}"),
    (PREDICTIONS, b"\n"),
    (PREDICTIONS, b'{"article": -1, "label_name": "travel", "predicted": "travel", "score": 0.5}'),
    (PREDICTIONS, b'{"article": 1, "label_name": "travel", "predicted": "travel", "score": 1.5}'),
    (PREDICTIONS, b'{"article": 1, "label_name": "\x1b", "predicted": "travel", "score": 0.5}'),
    (PREDICTIONS, b'{"article": 1, "label_name": "nosuch", "predicted": "travel", "score": 0.5}'),
    (MANIFEST, b"null"),
    (MANIFEST, b'{"articles": 1, "articles_per_category": {}, "categories": [], "max_length": 512}'),
    (MANIFEST, json.dumps(MANY_CATEGORIES).encode()),
    (ARTICLES, b"x"),
    (ARTICLES, table(other=["a"])),
    (ARTICLES, table(sentence1=[1], label=["a"])),
    (ARTICLES, table(sentence1=["a"] * 1_001, label=[str(i) for i in range(1_001)])),
    (ARTICLES, leading_out_of_its_data()),
]


@pytest.mark.parametrize(("name", "content"), BROKEN)
def test_should_name_the_broken_file_in_one_line(exported: Path, name: str, content: bytes) -> None:
    (exported / name).write_bytes(content)
    refused(exported, name)


@pytest.mark.parametrize(
    "values",
    [
        {"accuracy": 2},
        {"accuracy": 10**400},
        {"articles": 0},
        {"confusion_matrix": [[1]]},
        {"confusion_matrix": [[1] * 10_000] * 9},
        {"categories": {}},
        {"categories": {"n" * 301: {"precision": 1, "recall": 1, "f1": 1, "articles": 1}}},
        {"categories": {f"n{i}": {"precision": 1, "recall": 1, "f1": 1, "articles": 1} for i in range(1_001)}},
        {"epochs": [{"epoch": "x\n\x1b", "train_loss": 1, "validation_loss": 1, "validation_accuracy": 1}]},
        {"epochs": [{}] * 1_001},
        {"hyperparameters": {str(i): i for i in range(101)}},
        {"hyperparameters": {"a": ["b"]}},
        {"dataset": "<b>"},
        {"warnings": ["w" * 1_001]},
    ],
)
def test_should_refuse_metrics_that_training_did_not_write(
    exported: Path, change: Callable[..., None], values: dict[str, object]
) -> None:
    change(exported / METRICS, **values)
    refused(exported, METRICS)


def test_should_refuse_more_than_it_can_hold(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PREDICTIONS_BYTES", 50)
    refused(exported, PREDICTIONS)


@pytest.mark.parametrize("name", [METRICS, PREDICTIONS])
def test_should_name_the_missing_file(exported: Path, name: str) -> None:
    (exported / name).unlink()
    refused(exported, name)


def refused(exported: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        build_page(read_results(exported, RUN), Language.EN)
    message = str(caught.value)
    assert message.startswith(str(exported / name))
    assert len(message) < len(str(exported / name)) + 400
    assert not any(character in message for character in "\n\x1b")
