"""The notebooks' charts, each a picture with a text in its place for who cannot see it."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence

import matplotlib_fontja  # noqa: F401  (a font with Japanese glyphs)
import numpy as np
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chitra.hyperparameters import Hyperparameters, parse_hyperparameters
from workshop.notebook.tuning import OF_2022, STEPS_OF_2022
from workshop.report.files import Metrics

BLUE, ORANGE, GREEN, GREY = "#0b57d0", "#b45309", "#15803d", "#6b7280"
DPI = 160  # a retina screen shows two dots as one
NAME_CHARACTERS = 24


def show_categories(counts: Mapping[str, int]) -> Image:
    """How many articles each category has."""
    figure, axes = _chart(height=0.9 + 0.3 * len(counts))
    _bars(axes, dict(reversed(list(counts.items()))), [BLUE] * len(counts), "{:,.0f}")
    axes.set_xlabel("記事数")
    return _picture(figure, "カテゴリーごとの記事数: " + _listed(counts, "{:,}"))


def show_lengths(characters: Sequence[int], tokens: Sequence[int], max_length: int) -> Image:
    """Lengths in characters, and in tokens up to where an article is cut."""
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=False)
    left.hist(characters, bins=30, range=(0, float(np.quantile(characters, 0.99))), color=BLUE, edgecolor="white")
    left.set_xlabel("文字数")
    left.set_ylabel("記事数")
    right.hist(tokens, bins=30, range=(0, max_length), color=ORANGE, edgecolor="white")
    right.set_xlabel(f"トークン数（{max_length} で打ち切り）")
    for axes in (left, right):
        _plain(axes)
    text = f"文字数の中央値 {np.median(characters):,.0f}、トークン数の中央値 {np.median(tokens):,.0f}"
    return _picture(figure, text)


def show_scores(scores: Mapping[str, float], truth: str = "") -> Image:
    """A prediction, the likeliest category on top; the right one, where it is known, is marked."""
    ranked = dict(sorted(scores.items(), key=lambda pair: pair[1]))
    best = max(scores, key=lambda name: scores[name])
    marked = {f"{name} ◀ 正解" if name == truth else name: score for name, score in ranked.items()}
    figure, axes = _chart(height=0.9 + 0.3 * len(scores))
    _bars(axes, marked, [_color(name, best, truth) for name in ranked], "{:.3f}")
    axes.set_xlim(0, 1.12)
    axes.set_xlabel("スコア（すべて足すと 1）")
    return _picture(figure, f"予測は {best}（{scores[best]:.3f}）" + (f"、正解は {truth}" if truth else ""))


def show_yardsticks(runs: Mapping[str, Metrics], beside: Mapping[str, float] | None = None) -> Image:
    """The test accuracy of ``runs``, which share a dataset, beside chance, a linear model, and what else is known."""
    first = next(iter(runs.values()))
    bars = {"でたらめに選ぶ": 1 / len(first.categories)}
    if first.baseline_accuracy is not None:
        bars["TF-IDF + 線形 SVM"] = first.baseline_accuracy
    bars |= beside or {}
    colors = [GREY] * len(bars) + [BLUE] * len(runs)
    bars |= {name: metrics.accuracy for name, metrics in runs.items()}
    figure, axes = _chart(height=0.9 + 0.36 * len(bars))
    _bars(axes, dict(reversed(bars.items())), list(reversed(colors)), "{:.4f}")
    axes.set_xlim(0, 1.15)
    axes.set_xlabel(f"テストの {first.articles:,} 件の正解率")
    return _picture(figure, "正解率: " + _listed(bars, "{:.4f}"))


def learning_rates(steps: int, warmup: int, peak: float) -> list[float]:
    """One per step: a linear rise over ``warmup`` steps, then a linear fall to zero at the last step."""
    return [
        peak * (step / warmup if step < warmup else (steps - step) / max(1, steps - warmup))
        for step in range(steps + 1)
    ]


def show_learning_rates(metrics: Metrics, training_articles: int) -> Image:
    """The learning rate over the steps: of the 2022 hands-on, and of a run."""
    given = parse_hyperparameters({name: value for name, value in metrics.hyperparameters.items() if value is not None})
    steps = math.ceil(math.ceil(training_articles / given.train_batch_size) * given.epochs)
    figure = Figure(figsize=(7.2, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    before = _rate(left, "2022 年", parse_hyperparameters(dict(OF_2022)), STEPS_OF_2022)
    now = _rate(right, "今回", given, steps)
    return _picture(figure, f"{before}、{now}")


def _rate(axes: Axes, name: str, given: Hyperparameters, steps: int) -> str:
    """Draw one training's learning rate; returns it in words."""
    warmup = math.ceil(steps * given.warmup_ratio) if given.warmup_steps is None else given.warmup_steps
    peak = given.learning_rate
    axes.plot(learning_rates(steps, warmup, peak), color=BLUE)
    axes.axvline(warmup, color=ORANGE, linestyle="--", label=f"ウォームアップの終わり（{warmup:,}）")
    axes.axhline(peak, color=GREY, linestyle=":", label=f"設定した学習率（{peak:g}）")
    axes.set_ylim(0, 1.5 * peak)
    axes.set_title(f"{name}: {steps:,} ステップ", fontsize=10)
    axes.set_xlabel("ステップ")
    axes.legend(frameon=False, fontsize=8, loc="upper left" if warmup > steps / 2 else "upper right")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    _plain(axes)
    return f"{name}: 全 {steps:,} ステップのうち、初めの {warmup:,} ステップで学習率を {peak:g} まで上げる設定"


def _color(name: str, best: str, truth: str) -> str:
    if name == truth:
        return GREEN
    return ORANGE if truth and name == best else BLUE if name == best else GREY


def _chart(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.2, height), layout="constrained")
    return figure, figure.subplots()


def _bars(axes: Axes, values: Mapping[str, float], colors: Sequence[str], form: str) -> None:
    """From the bottom up, each with its value behind it."""
    names = [name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…" for name in values]
    drawn = axes.barh(range(len(values)), list(values.values()), color=colors)
    axes.bar_label(drawn, [form.format(value) for value in values.values()], padding=4, fontsize=9)
    axes.set_yticks(range(len(values)), names, parse_math=False)
    axes.margins(x=0.12)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _listed(values: Mapping[str, float], form: str) -> str:
    return "、".join(f"{name} {form.format(value)}" for name, value in values.items())


def _picture(figure: Figure, text: str) -> Image:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI)
    return Image(stream.getvalue(), format="png", retina=True, alt=text)
