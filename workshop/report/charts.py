"""Charts as SVG inside of the page: drawn by matplotlib, with a title on every mark for who points at it."""

from __future__ import annotations

import html
import io
import math
import re
from collections.abc import Sequence

import matplotlib
import matplotlib_fontja  # noqa: F401  (the widths of Japanese labels)
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workshop.report.articles import Lengths
from workshop.report.files import EpochPoint
from workshop.report.results import Bin
from workshop.report.words import Words

BLUE, ORANGE, GREEN, GREY = "#0b57d0", "#b45309", "#15803d", "#6b7280"
SIZE = (4.6, 3.0)  # inches: as wide as a phone shows it
WITHOUT_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
# An HTML page needs none of what makes an SVG file of its own.
OF_A_FILE = re.compile(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"')


class Chart:
    """One pair of axes; ``point`` and ``bar`` carry a title."""

    def __init__(self, name: str, x_label: str, y_label: str) -> None:
        self._name = name
        self._titles: dict[str, str] = {}
        self._figure = Figure(figsize=SIZE, layout="constrained")
        self.axes: Axes = self._figure.subplots()
        self.axes.set_xlabel(x_label)
        self.axes.set_ylabel(y_label)
        self.axes.grid(alpha=0.25)
        self.axes.spines[["top", "right"]].set_visible(False)

    def point(self, x: float, y: float, title: str, color: str, marker: str = "o") -> None:
        size = 14 if marker == "*" else 6
        self.axes.plot(x, y, marker, color=color, markersize=size, gid=self._titled(title))

    def bar(self, left: float, width: float, height: float, title: str, color: str = BLUE) -> None:
        self.axes.bar(
            left, height, width, align="edge", color=color, edgecolor="white", gid=self._titled(title), alpha=0.8
        )

    def svg(self) -> Markup:
        """For the page, as it is."""
        stream = io.StringIO()
        with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": self._name, "svg.id": self._name}):
            self._figure.savefig(stream, format="svg", metadata=WITHOUT_METADATA)
        drawn = stream.getvalue()
        drawn = OF_A_FILE.sub("", drawn[drawn.index("<svg") :])
        for mark, title in self._titles.items():
            drawn = drawn.replace(f'<g id="{mark}">', f'<g id="{mark}"><title>{html.escape(title)}</title>', 1)
        return Markup(drawn)  # noqa: S704  (matplotlib escapes labels, and titles are escaped above)

    def _titled(self, title: str) -> str:
        mark = f"{self._name}-mark-{len(self._titles)}"
        self._titles[mark] = title
        return mark


def accuracy_chart(epochs: Sequence[EpochPoint], best: EpochPoint, words: Words) -> Markup:
    """Validation accuracy over epochs, the kept one starred."""
    chart = Chart("accuracy", words["epoch"], words["accuracy"])
    _line(chart, [(each.epoch, each.validation_accuracy) for each in epochs], words["validation"], ORANGE, words)
    title = f"{words['kept']}: {words['epoch']} {best.epoch:g}, {best.validation_accuracy:.4f}"
    chart.point(best.epoch, best.validation_accuracy, title, GREEN, "*")
    foot = ("data", "axes fraction")
    chart.axes.annotate(
        words["kept"], (best.epoch, 0.03), (5, 0), xycoords=foot, textcoords="offset points", color=GREEN
    )
    return _over_epochs(chart, epochs, best)


def loss_chart(epochs: Sequence[EpochPoint], best: EpochPoint, words: Words) -> Markup:
    """Both losses over epochs."""
    chart = Chart("loss", words["epoch"], words["loss"])
    _line(chart, [(each.epoch, each.train_loss) for each in epochs], words["train"], BLUE, words)
    _line(chart, [(each.epoch, each.validation_loss) for each in epochs], words["validation"], ORANGE, words)
    if chart.axes.get_lines():
        chart.axes.legend(frameon=False)
    return _over_epochs(chart, epochs, best)


def _line(chart: Chart, points: list[tuple[float, float]], label: str, color: str, words: Words) -> None:
    shown = [point for point in points if math.isfinite(point[1])]
    if not shown:
        return
    chart.axes.plot(*zip(*shown, strict=True), color=color, label=label)
    for epoch, value in shown:
        chart.point(epoch, value, f"{label}, {words['epoch']} {epoch:g}: {value:.4f}", color)


def _over_epochs(chart: Chart, epochs: Sequence[EpochPoint], best: EpochPoint) -> Markup:
    chart.axes.axvline(best.epoch, color=GREEN, linestyle=":", zorder=0)
    chart.axes.set_xlim(epochs[0].epoch - 0.5, epochs[-1].epoch + 0.5)
    chart.axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return chart.svg()


def reliability_chart(bins: Sequence[Bin], words: Words) -> Markup:
    """Accuracy in each step of the score; on the dashed line a model knows how sure it may be."""
    chart = Chart("reliability", words["score"], words["accuracy"])
    chart.axes.plot([0, 1], [0, 1], "--", color=GREY)
    for each in bins:
        title = words["bin"].format(
            low=each.low, high=each.high, articles=each.articles, accuracy=each.accuracy, score=each.mean_score
        )
        chart.bar(each.low, each.high - each.low, each.accuracy, title)
        chart.point(each.mean_score, each.accuracy, title, ORANGE)
    chart.axes.set_xlim(0, 1)
    chart.axes.set_ylim(0, 1.05)
    return chart.svg()


def length_chart(lengths: Lengths, words: Words) -> Markup:
    """How many articles have so many characters; the longest hundredth is left out."""
    chart = Chart("lengths", words["characters"], words["articles"])
    most = max(1, int(np.quantile(lengths, 0.99)))
    counts, edges = np.histogram(lengths[lengths <= most], bins=min(20, most), range=(0, most))
    for count, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        title = words["length_bin"].format(low=left, high=right, articles=count)
        chart.bar(left, right - left, count, title)
    return chart.svg()
