"""Builds the page. `workshop report` and the rehearsal write the same one; nothing in it is fetched or executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined

from chitra.contract import SPLITS
from workshop.report.charts import accuracy_chart, length_chart, loss_chart, reliability_chart
from workshop.report.files import Way
from workshop.report.job import Job
from workshop.report.results import Results, calibration_error, confusions, opening_of, reliability
from workshop.report.words import Language, Words, words_in

FEW_ARTICLES = 200  # in the test split
FEW_CATEGORIES = 12  # cells of the matrix have room for the share, too
MATRIX_CATEGORIES = 100
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Cell:
    """Of the confusion matrix."""

    predicted: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class SplitRow:
    """Articles of one category, in the order of SPLITS and together; ``length`` is the median of characters."""

    name: str
    counts: list[int]
    length: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A run in the table of runs."""

    name: str
    metrics: Any
    same: str
    this: bool

    @property
    def epochs(self) -> str:
        return self._given("epochs")

    @property
    def learning_rate(self) -> str:
        return self._given("learning_rate")

    def _given(self, name: str) -> str:
        return _shown(self.metrics.hyperparameters.get(name))


@dataclass(frozen=True, slots=True)
class TimedStage:
    """``billed`` is a whole job, which the stages before it are part of."""

    name: str
    seconds: float
    per_hour: float | None
    billed: bool = False

    @property
    def cost(self) -> float | None:
        """In US dollars; None where the price is unknown."""
        return None if self.per_hour is None else self.per_hour * self.seconds / SECONDS_PER_HOUR


def environment(*loaders: BaseLoader) -> Environment:
    """Templates of the page, after those of ``loaders``; everything that is put into them is escaped."""
    loader = ChoiceLoader([*loaders, PackageLoader("workshop.report", ".")])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def build_page(results: Results, language: Language, job: Job | None = None) -> str:
    """The page of a run, as HTML. ``job`` is what SageMaker says about its training job, where it was asked."""
    return environment().get_template("page.html.j2").render(**context(results, language, job))


def context(results: Results | None, language: Language, job: Job | None = None) -> dict[str, Any]:
    """What the templates need; ``run`` is None while there are no results."""
    words = words_in(language)
    return {"language": language.value, "t": words, "run": results and _run(results, words, job)}


def _run(results: Results, words: Words, job: Job | None) -> dict[str, Any]:
    metrics, bins = results.metrics, reliability(results.predictions)
    size = len(metrics.categories)
    return {
        "name": results.name,
        "metrics": metrics,
        "stand_in": metrics.model is not None and metrics.model.name.endswith("stand-in"),
        "few": words["few"].format(count=metrics.articles, points=100 / metrics.articles)
        if metrics.articles < FEW_ARTICLES
        else "",
        **_curve(results, words),
        "against_yardstick": _against_yardstick(results, words),
        "others": results.others,
        "compared": list(_compared(results, words)),
        "unread": results.unread,
        "matrix": list(_matrix(results)) if size <= MATRIX_CATEGORIES else None,
        "many": size > FEW_CATEGORIES,
        "matrix_too_large": words["matrix_too_large"].format(count=size),
        "confusions": confusions(metrics),
        "bins": bins,
        "calibration_help": words["calibration_help"].format(error=calibration_error(bins)),
        "reliability_chart": reliability_chart(bins, words),
        "mistakes": [(each, opening_of(results, each)) for each in results.mistakes],
        **_data(results, words),
        "settings": list(_settings(results, words, job)),
        "stages": list(_stages(results, words, job)),
    }


def _curve(results: Results, words: Words) -> dict[str, Any]:
    epochs, best = results.metrics.epochs, results.metrics.best_epoch
    if best is None:
        return {"accuracy_chart": "", "loss_chart": "", "curve_help": ""}
    return {
        "accuracy_chart": accuracy_chart(epochs, best, words),
        "loss_chart": loss_chart(epochs, best, words),
        "curve_help": words["curve_help"].format(epoch=best.epoch, accuracy=best.validation_accuracy),
    }


def _against_yardstick(results: Results, words: Words) -> str:
    metrics = results.metrics
    if metrics.baseline_accuracy is None:
        return ""
    difference = metrics.accuracy - metrics.baseline_accuracy
    articles = round(abs(difference) * metrics.articles)
    sentence = "equal" if not articles else "better" if difference > 0 else "worse"
    return words[sentence].format(yardstick=words["yardstick"], articles=articles, points=abs(difference) * 100)


def _compared(results: Results, words: Words) -> Iterator[Compared]:
    own = results.metrics
    for name, metrics in sorted({**results.others, results.name: own}.items()):
        same = words["yes" if metrics.dataset == own.dataset else "no"] if metrics.dataset and own.dataset else "—"
        yield Compared(name, metrics, same, this=name == results.name)


def _matrix(results: Results) -> Iterator[tuple[str, list[Cell]]]:
    names = list(results.metrics.categories)
    for name, row in zip(names, results.metrics.confusion_matrix, strict=True):
        total = max(1, sum(row))
        yield name, [Cell(predicted, count, count / total) for predicted, count in zip(names, row, strict=True)]


def _data(results: Results, words: Words) -> dict[str, Any]:
    articles = results.articles
    duplicates = sum(manifest.duplicates for manifest in results.manifests)
    data: dict[str, Any] = {
        "split_rows": list(_split_rows(results, words)),
        "duplicates": words["duplicates"].format(count=duplicates) if duplicates else "",
        "lengths": "",
        "length_chart": "",
    }
    if articles and articles.lengths.size:
        median, high = np.quantile(articles.lengths, (0.5, 0.95))
        data["lengths"] = words["lengths"].format(median=median, high=high, most=articles.lengths.max())
        data["length_chart"] = length_chart(articles.lengths, words)
    return data


def _split_rows(results: Results, words: Words) -> Iterator[SplitRow]:
    if not results.manifests:
        return
    names = sorted({name for manifest in results.manifests for name in manifest.categories})
    by_name = results.articles.by_category if results.articles else {}
    totals = [0] * len(SPLITS)
    for name in names:
        found = [[each.articles_per_category[split].get(name, 0) for split in SPLITS] for each in results.manifests]
        counts = [sum(column) for column in zip(*found, strict=True)]
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        yield SplitRow(name, [*counts, sum(counts)], float(np.median(by_name[name])) if name in by_name else None)
    every = float(np.median(results.articles.lengths)) if results.articles else None
    yield SplitRow(words["all"], [*totals, sum(totals)], every)


def _settings(results: Results, words: Words, job: Job | None) -> Iterator[tuple[str, str]]:
    metrics = results.metrics
    if metrics.model:
        yield words["model"], _model(metrics.model, words)
    for way in metrics.serving.shown if metrics.serving else []:
        yield words["served" if way.served else "not_served"], _way(way, words)
    if metrics.dataset:
        yield words["dataset"], metrics.dataset
    if results.manifests:
        first = results.manifests[0]
        yield words["max_length"], str(first.max_length)
        shown = (f"{name} {value}" for name, value in first.tokenisation.items() if len(value) < 64)
        yield words["tokenisation"], ", ".join(shown)
    if job:
        yield words["image"], job.image
        yield words["instance"], job.instance
    if metrics.kernels:
        yield words["kernels"], ", ".join(f"{name} {_shown(value)}" for name, value in metrics.kernels.items())
    for name, value in metrics.hyperparameters.items():
        yield name, _shown(value)


def _model(model: Any, words: Words) -> str:
    size = words["model_size"].format(
        layers=model.layers, hidden=model.hidden_size, vocabulary=model.vocabulary, parameters=model.parameters
    )
    return f"{model.name}: {size}" if model.name else size


def _way(way: Way, words: Words) -> str:
    name = f"{words['student']} {way.runtime}" if way.student else way.runtime
    times = [words["way_time"].format(length=length, ms=taken) for length, taken in way.milliseconds.items()]
    accuracy = words["way_accuracy"].format(accuracy=way.accuracy or 0)
    return ", ".join([f"{name} ({way.device})", accuracy, *times])


def _shown(value: float | str | None) -> str:
    return "—" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _stages(results: Results, words: Words, job: Job | None) -> Iterator[TimedStage]:
    """What the jobs measured themselves, each followed by the whole job as it is billed."""
    preparation = job.preprocessing if job else None
    for name in ("read", "encode"):
        seconds = [each.stages[name].seconds for each in results.manifests if name in each.stages]
        if seconds:  # instances work at the same time
            yield TimedStage(words[f"stage_{name}"], max(seconds), preparation.per_hour if preparation else None)
    if preparation:
        name, seconds_billed = words["stage_preprocessing_billed"], preparation.billed_seconds
        yield TimedStage(name, seconds_billed, preparation.per_hour, billed=True)
    per_hour, metrics = job.per_hour if job else None, results.metrics
    if metrics.train_seconds is not None:
        yield TimedStage(words["stage_training"], metrics.train_seconds, per_hour)
    if metrics.evaluation_seconds is not None:
        yield TimedStage(words["stage_evaluation"], metrics.evaluation_seconds, per_hour)
    if job and job.billed_seconds is not None:
        yield TimedStage(words["stage_billed"], job.billed_seconds, per_hour, billed=True)
