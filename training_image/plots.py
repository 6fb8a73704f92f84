"""The two pictures of a training run: confusion matrix and learning curve."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib_fontja  # noqa: F401  (a font with Japanese glyphs for category names)
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training_image.evaluation import Evaluation
from training_image.trainer import Epoch, best_epoch

DPI = 120
CHARACTERS = 24  # of a category's name on an axis
FEW = 15  # categories: their cells have room for a share below the count
VALIDATION, KEPT = "tab:orange", "tab:green"  # in both halves of the learning curve


def plot_confusion_matrix(evaluation: Evaluation, file: Path) -> None:
    """Rows are the true categories, columns the predicted ones; shades are shares of the row."""
    names = [_shortened(name) for name in evaluation.categories]
    counts = evaluation.confusion_matrix
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    side = len(names) * (0.62 if len(names) <= FEW else 0.36)
    # What names need beside the cells is added to the figure, not taken from them.
    figure, axes = plt.subplots(figsize=(max(4.0, side), max(4.0, side)))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                _write_cell(axes, i, j, count, shares[i][j], few=len(names) <= FEW)
    axes.set_xticks(range(len(names)), names, rotation=90, parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlabel("予測 predicted")
    axes.set_ylabel("正解 true")
    axes.set_title(f"正解率 accuracy {evaluation.accuracy:.3f}\n{evaluation.articles:,} 記事 articles")
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03, shrink=min(1.0, 4 / side))
    bar.set_label("カテゴリー内の割合 share of the category")
    figure.savefig(file, dpi=DPI, bbox_inches="tight", pad_inches=0.15)
    plt.close(figure)


def _write_cell(axes: Axes, row: int, column: int, count: int, share: float, *, few: bool) -> None:
    text = f"{count}\n{share:.0%}" if few else str(count)
    color = "white" if share > 0.5 else "black"
    axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8 if few else 7)


def _shortened(name: str) -> str:
    return name if len(name) <= CHARACTERS else name[: CHARACTERS - 1] + "…"


def plot_learning_curve(curve: list[Epoch], baseline: float | None, file: Path) -> None:
    """Validation accuracy and both losses over epochs, the kept epoch marked.

    The baseline knows the test split only: it stands in the title, where nobody takes it for a point of the curve.
    """
    epochs = [point.epoch for point in curve]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.5, 6.5), sharex=True, layout="constrained")
    top.plot(
        epochs, [point.validation_accuracy for point in curve], marker="o", color=VALIDATION, label="検証 validation"
    )
    top.set_ylabel("正解率 accuracy")
    if baseline is not None:
        figure.suptitle(f"比較: テスト記事での TF-IDF + SVM (test split only): {baseline:.3f}", fontsize=9)
    bottom.plot(epochs, [point.train_loss for point in curve], marker="o", label="学習 train")
    bottom.plot(
        epochs, [point.validation_loss for point in curve], marker="o", color=VALIDATION, label="検証 validation"
    )
    bottom.set_ylabel("損失 loss")
    bottom.set_xlabel("エポック epoch")
    bottom.set_xlim(min(epochs, default=1) - 0.5, max(epochs, default=1) + 0.5)
    bottom.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if curve:
        _mark(best_epoch(curve), top, bottom)
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(file, dpi=DPI)
    plt.close(figure)


def _mark(best: Epoch, top: Axes, bottom: Axes) -> None:
    label = f"採用 best: epoch {best.epoch:g}, {best.validation_accuracy:.3f}"
    top.plot(best.epoch, best.validation_accuracy, "*", markersize=16, color=KEPT, label=label)
    for axes in (top, bottom):
        axes.axvline(best.epoch, color=KEPT, linestyle=":", zorder=0)
