"""The two pictures of a training run: confusion matrix and learning curve."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib_fontja  # noqa: F401  (a font with Japanese glyphs for category names)
from matplotlib import pyplot as plt

from training_image.evaluation import Evaluation
from training_image.trainer import Epoch

DPI = 120


def plot_confusion_matrix(evaluation: Evaluation, file: Path) -> None:
    """Rows are the true categories, columns the predicted ones; shades are shares of the row."""
    names = list(evaluation.categories)
    counts = evaluation.confusion_matrix
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    size = 3.5 + 0.55 * len(names)
    figure, axes = plt.subplots(figsize=(size + 1, size), layout="constrained")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                axes.text(j, i, str(count), ha="center", va="center", color="white" if shares[i][j] > 0.5 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlabel("予測 predicted")
    axes.set_ylabel("正解 true")
    axes.set_title(f"accuracy {evaluation.accuracy:.3f}, {evaluation.articles} articles")
    figure.colorbar(image, ax=axes, fraction=0.046, label="share of the category")
    figure.savefig(file, dpi=DPI)
    plt.close(figure)


def plot_learning_curve(curve: list[Epoch], baseline: float | None, file: Path) -> None:
    """Validation accuracy over epochs beside the baseline, and both losses."""
    epochs = [point.epoch for point in curve]
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(6.5, 6), sharex=True, layout="constrained")
    top.plot(epochs, [point.validation_accuracy for point in curve], marker="o", label="検証 validation")
    if baseline is not None:
        top.axhline(baseline, linestyle="--", color="gray", label="TF-IDF + SVM (test)")
    top.set_ylabel("正解率 accuracy")
    bottom.plot(epochs, [point.train_loss for point in curve], marker="o", label="学習 train")
    bottom.plot(epochs, [point.validation_loss for point in curve], marker="o", label="検証 validation")
    bottom.set_ylabel("損失 loss")
    bottom.set_xlabel("エポック epoch")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(file, dpi=DPI)
    plt.close(figure)
