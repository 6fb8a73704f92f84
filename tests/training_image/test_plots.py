"""The pictures are whole and honest, whatever the categories are called and however many there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from training_image.evaluation import Evaluation, evaluate
from training_image.plots import plot_confusion_matrix, plot_learning_curve
from training_image.trainer import Epoch

CURVE = [Epoch(1.0, 2.0, 1.5, 0.5), Epoch(2.0, 1.0, 0.9, 0.9), Epoch(3.0, 0.5, 0.8, 0.9)]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Figure]:
    """The last figure, which is kept open."""
    monkeypatch.setattr(plt, "close", lambda figure: None)
    return plt.gcf


def evaluation(count: int, name: str) -> Evaluation:
    labels = np.repeat(np.arange(count), 20)
    return evaluate(labels, np.where(np.arange(len(labels)) % 7, labels, 0), [f"{name}{i}" for i in range(count)])


@pytest.mark.parametrize("count", [2, 9, 50])
def test_should_cut_no_name_off(tmp_path: Path, count: int) -> None:
    plot_confusion_matrix(evaluation(count, "経済と$国際$情勢の解説や論説などの長い名前"), tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as image:
        pixels = np.asarray(image.convert("L"))
    for edge in (pixels[:6], pixels[-6:], pixels[:, :6], pixels[:, -6:]):
        assert (edge == 255).all()


def test_should_write_counts_and_shares_into_the_cells(tmp_path: Path, drawn: Callable[[], Figure]) -> None:
    plot_confusion_matrix(evaluation(9, "a"), tmp_path / "matrix.png")
    texts = {text.get_text() for text in drawn().axes[0].texts}
    assert {"20\n100%", "17\n85%", "3\n15%"} <= texts


def test_should_mark_the_first_best_epoch_and_whole_epochs(tmp_path: Path, drawn: Callable[[], Figure]) -> None:
    plot_learning_curve(CURVE, 0.95, tmp_path / "curve.png")
    top, bottom = drawn().axes
    marked = [line for line in top.get_lines() if line.get_marker() == "*"]
    assert [line.get_xydata().tolist() for line in marked] == [[[2.0, 0.9]]]
    ticks = [tick for tick in bottom.get_xticks() if 0.5 <= tick <= 3.5]
    assert ticks == [1.0, 2.0, 3.0]


def test_should_not_draw_the_test_splits_baseline_into_the_validation_curve(
    tmp_path: Path, drawn: Callable[[], Figure]
) -> None:
    plot_learning_curve(CURVE, 0.123, tmp_path / "curve.png")
    heights = [value for line in drawn().axes[0].get_lines() for value in np.asarray(line.get_ydata()).tolist()]
    assert 0.123 not in heights
    assert "0.123" in drawn().get_suptitle()
