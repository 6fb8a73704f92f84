"""The crowd's result: report.json for machines, a chart of who waited for what for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl

from rehearsal.phases import (
    ENDPOINT_STARTS,
    IN_LINE_FOR_ENDPOINT,
    IN_LINE_FOR_JOB,
    MAKES_DATASET,
    TRAINS,
    USES,
    WAITING,
    WAITS_FOR_DATASET,
    Phase,
)

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import Patch

COLOURS = {
    MAKES_DATASET: "#4477aa",
    WAITS_FOR_DATASET: "#bbccee",
    IN_LINE_FOR_JOB: "#dddddd",
    TRAINS: "#228833",
    IN_LINE_FOR_ENDPOINT: "#bbbbbb",
    ENDPOINT_STARTS: "#ccbb44",
    USES: "#ee6677",
}


@dataclass(frozen=True, slots=True)
class CrowdReport:
    """``waited_seconds``: of all together, for a quota or for a dataset that somebody else makes; ``seconds``: from
    the start of all to the last one's leaving; ``leftovers``: things that the teardown left."""

    participants: int
    finished: int
    failed: int
    waited_seconds: float
    preprocessing_jobs: int
    throttled_calls: int
    seconds: float
    leftovers: int


def waited_seconds(days: Mapping[str, Sequence[Phase]]) -> float:
    """Of all participants together."""
    return sum(phase.seconds for phases in days.values() for phase in phases if phase.what in WAITING)


def write_crowd_report(report: CrowdReport, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")


def plot_days(days: Mapping[str, Sequence[Phase]], file: Path) -> None:
    """A line per participant, in the order in which they left."""
    started = min(phase.start for phases in days.values() for phase in phases)
    order = sorted(days, key=lambda name: max(phase.end for phase in days[name]), reverse=True)
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.22 * len(order)), layout="constrained")
    for row, name in enumerate(order):
        for phase in days[name]:
            begin = (phase.start - started).total_seconds()
            axes.barh(row, phase.seconds, left=begin, color=COLOURS[phase.what], height=0.8)
    axes.set_yticks(range(len(order)), order, fontsize=7)
    axes.set_xlabel("seconds since the start of all")
    handles = [Patch(color=colour) for colour in COLOURS.values()]
    figure.legend(handles, list(COLOURS), loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=120)
    plt.close(figure)
