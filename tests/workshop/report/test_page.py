"""The page of a run that a real training job left."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.workshop.report.conftest import RUN
from workshop.report.files import Metrics, Prediction
from workshop.report.job import Job, Preprocessing
from workshop.report.page import build_page
from workshop.report.results import Results, calibration_error, read_results, reliability
from workshop.report.words import WORDS, Language, language_of

VOID = {"meta"}


class Outline(HTMLParser):
    """Elements and their attributes; every one must be closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def assert_harmless(page: str) -> Outline:
    """Nothing is fetched, executed or linked to."""
    outline = Outline(page)
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {
        "script",
        "img",
        "image",
        "iframe",
        "object",
        "embed",
        "link",
        "a",
        "form",
        "base",
        "foreignobject",
    }
    for _, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "action", "srcset")]
        assert (attributes.get("xlink:href") or "#").startswith("#")
    assert not re.search(r"https?:|url\((?!#)|@import|(?<![<\w])//", page)
    assert "default-src 'none'" in page
    return outline


@pytest.mark.parametrize("language", Language)
def test_should_tell_all_of_a_run(exported: Path, language: Language) -> None:
    metrics = json.loads((exported / "report/metrics.json").read_text())
    job = Job("registry/image:tag", "ml.g4dn.xlarge x 1", 920, 0.99, Preprocessing(180, None))
    page = build_page(read_results(exported, RUN), language, job)
    texts = assert_harmless(page).texts
    headings = ("curve", "comparison", "confusion", "per_category", "calibration", "mistakes", "data", "settings")
    for key in (
        *headings,
        "time",
        "stand_in",
        "stage_read",
        "stage_encode",
        "stage_training",
        "stage_billed",
        "stage_preprocessing_billed",
        "cost",
        "no_other_run",
    ):
        assert WORDS[key][language is Language.EN] in texts, key
    for number in ("accuracy", "macro_f1", "baseline_accuracy"):
        assert f"{metrics[number]:.4f}" in texts
    first = next(way for way in metrics["serving"]["ways"] if way["served"])
    [served] = [text for text in texts if text.startswith(f"{first['runtime']} (cpu), ")]
    assert f"{first['accuracy']:.4f}" in served
    assert texts.count(WORDS["unknown"][language is Language.EN]) == 3  # prices of preprocessing
    for value in ("$0.253", "registry/image:tag", "ml.g4dn.xlarge x 1", "0.002", "learning_rate", "86", "travel"):
        assert value in texts
    assert f" {RUN}</p>" in page
    assert page.count("<svg") == 4
    assert len(page) < 200_000
    assert f'lang="{language}"' in page


def test_should_show_how_the_most_confident_mistakes_begin(exported: Path, sample_corpus: Path) -> None:
    results = read_results(exported, RUN)
    scores = [each.score for each in results.mistakes]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == min(12, sum(each.predicted != each.label_name for each in results.predictions)) > 0
    corpus = " ".join("".join(file.read_text(encoding="utf-8") for file in sample_corpus.rglob("*.*")).split())
    texts = assert_harmless(build_page(results, Language.EN)).texts
    for mistake in results.mistakes:
        opening = results.articles.openings[mistake.article] if results.articles else None
        assert opening
        assert opening.label == mistake.label_name
        assert opening.text in texts
        assert opening.text.rstrip("…")[:30] in corpus


def test_should_put_other_runs_beside_it(exported: Path, change: Callable[..., None]) -> None:
    for name, values in {"chitra--two": {"accuracy": 0.4321}, "chitra--three": {"dataset": "0" * 16}}.items():
        shutil.copytree(exported, exported.parent / name)
        change(exported.parent / name / "report/metrics.json", **values)
    (exported.parent / "chitra--three/report/metrics.json").write_text("{")
    texts = assert_harmless(build_page(read_results(exported, RUN), Language.EN)).texts
    assert {"chitra--two", "0.4321", RUN} <= set(texts)
    assert any(text.endswith("broken: chitra--three") for text in texts)


def test_should_do_without_the_dataset(exported: Path) -> None:
    shutil.rmtree(exported / "datasets")
    texts = assert_harmless(build_page(read_results(exported, RUN), Language.EN)).texts
    assert WORDS["data_missing"][1] in texts
    assert WORDS["no_opening"][1] in texts


def test_should_not_take_the_text_of_another_dataset(exported: Path, change: Callable[..., None]) -> None:
    lines = (exported / "report/predictions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["article"] = (row["article"] + 50) % 108
    (exported / "report/predictions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    results = read_results(exported, RUN)
    others = [each for each in results.mistakes if results.articles and _label(results, each) != each.label_name]
    assert others
    assert WORDS["no_opening"][1] in assert_harmless(build_page(results, Language.EN)).texts


def _label(results: Results, mistake: Prediction) -> str:
    assert results.articles
    return results.articles.openings[mistake.article].label


@pytest.mark.parametrize(("categories", "matrix"), [(2, True), (50, True), (300, False)])
def test_should_hold_many_categories(categories: int, matrix: bool) -> None:
    names = [f"経済と国際情勢の解説や論説などの長い名前{i}" for i in range(categories)]
    page = build_page(_made_up(names), Language.JA)
    outline = assert_harmless(page)
    tables = [attributes for tag, attributes in outline.elements if tag == "table"]
    assert any("matrix" in (attributes.get("class") or "") for attributes in tables) is matrix
    assert f"{names[1]} → {names[0]}: 1 (10.0 %)" in page or not matrix
    assert len(page) < 600_000


def _made_up(names: list[str]) -> Results:
    """Of ten articles per category one is taken for the first category."""
    scores = {"precision": 0.9, "recall": 0.9, "f1": 0.9, "articles": 10}
    counts: list[list[int]] = [[9 * (i == j) + (j == 0) for j in range(len(names))] for i in range(len(names))]
    content: dict[str, Any] = {
        "accuracy": 0.9,
        "macro_f1": 0.9,
        "articles": 10 * len(names),
        "categories": dict.fromkeys(names, scores),
        "confusion_matrix": counts,
    }
    row = Prediction(article=0, label_name=names[0], predicted=names[0], score=0.95)
    return Results(RUN, Metrics.model_validate(content), [row], [], None, [])


def test_should_measure_how_far_scores_are_from_accuracy() -> None:
    rows = [
        Prediction(article=i, label_name="a", predicted="a" if right else "b", score=score)
        for i, (right, score) in enumerate([(True, 0.95), (False, 0.95), (True, 1.0), (False, 0.25)])
    ]
    bins = reliability(rows)
    assert [(each.low, each.articles, each.accuracy) for each in bins] == [
        (0.2, 1, 0.0),
        (0.9, 3, pytest.approx(2 / 3)),
    ]
    assert calibration_error(bins) == pytest.approx(0.25 / 4 + 3 / 4 * (2.9 / 3 - 2 / 3))


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "ja_JP.UTF-8"}, Language.JA),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, Language.EN),
        ({"LANG": "C", "LC_MESSAGES": "ja_JP"}, Language.JA),
        ({"LANG": "ja_JP", "LC_ALL": ""}, Language.JA),
    ],
)
def test_should_speak_the_language_of_the_locale(variables: dict[str, str], language: Language) -> None:
    assert language_of(variables) is language
