"""A run's results as the page shows them, read from the folder that `workshop export` fills."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chitra.errors import InputError
from chitra.visible import visible
from workshop.report.articles import Articles, read_articles
from workshop.report.files import Manifest, Metrics, Prediction, read_manifests, read_metrics, read_predictions

MISTAKES = 12
CONFUSIONS = 12
BINS = 10
MOST_RUNS = 50  # beside this one
REPORT, RAW = "report", "datasets/raw"


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions whose scores lie between ``low`` and ``high``."""

    low: float
    high: float
    articles: int
    mean_score: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many articles of ``category`` were taken for ``predicted``, and which share of the category that is."""

    category: str
    predicted: str
    articles: int
    share: float


@dataclass(frozen=True, slots=True)
class Results:
    """``others`` are the runs beside this one, by name; ``unread`` are those whose files are broken."""

    name: str
    metrics: Metrics
    predictions: list[Prediction]
    manifests: list[Manifest]
    articles: Articles | None
    mistakes: list[Prediction]
    others: dict[str, Metrics] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def has_results(folder: Path) -> bool:
    """Whether a run's report is on disk."""
    return (folder / REPORT / "metrics.json").is_file()


def read_results(folder: Path, name: str) -> Results:
    """The results of the run ``name`` in ``folder``, beside the runs that were exported next to it.

    Raises:
        InputError: names the file that is missing or broken.
    """
    metrics = read_metrics(folder / REPORT / "metrics.json")
    predictions = read_predictions(folder / REPORT / "predictions.jsonl", metrics)
    wrong = (each for each in predictions if each.predicted != each.label_name)
    mistakes = heapq.nlargest(MISTAKES, wrong, key=lambda each: each.score)
    articles = read_articles(folder / RAW, {each.article for each in mistakes})
    results = Results(name, metrics, predictions, read_manifests(folder / RAW), articles, mistakes)
    _read_others(folder, results)
    return results


def _read_others(folder: Path, results: Results) -> None:
    beside = [each for each in folder.absolute().parent.iterdir() if each.name != folder.name and has_results(each)]
    for other in sorted(beside, key=lambda each: each.name)[-MOST_RUNS:]:
        try:
            results.others[visible(other.name)] = read_metrics(other / REPORT / "metrics.json")
        except InputError:
            results.unread.append(visible(other.name))


def opening_of(results: Results, mistake: Prediction) -> str:
    """Empty where the article is not at hand: the dataset may be another one than the run's."""
    found = results.articles.openings.get(mistake.article) if results.articles else None
    return found.text if found and found.label == mistake.label_name else ""


def reliability(predictions: list[Prediction]) -> list[Bin]:
    """How often the model is right where it is so and so sure, in equal steps of the score; empty steps left out."""
    scores = np.array([each.score for each in predictions])
    right = np.array([each.predicted == each.label_name for each in predictions])
    steps = np.minimum((scores * BINS).astype(int), BINS - 1)
    return [
        Bin(
            step / BINS,
            (step + 1) / BINS,
            int(here.sum()),
            float(scores[here].mean()),
            float(right[here].mean()),
        )
        for step in range(BINS)
        if (here := steps == step).any()
    ]


def calibration_error(bins: list[Bin]) -> float:
    """By how much scores and accuracy differ on average (expected calibration error)."""
    total = sum(each.articles for each in bins)
    return sum(each.articles * abs(each.mean_score - each.accuracy) for each in bins) / max(total, 1)


def confusions(metrics: Metrics) -> list[Confusion]:
    """The most frequent ones first."""
    names = list(metrics.categories)
    found = [
        Confusion(names[i], names[j], count, count / sum(row))
        for i, row in enumerate(metrics.confusion_matrix)
        for j, count in enumerate(row)
        if i != j and count
    ]
    return heapq.nlargest(CONFUSIONS, found, key=lambda each: (each.articles, each.share))
