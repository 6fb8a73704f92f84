"""Runs side by side: what they reached, what was different, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workshop.report.job import Job

Value = int | float | str | None

if TYPE_CHECKING:  # what reads it takes seconds to load
    from workshop.report.files import Metrics


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """``epochs`` are those that were trained, ``best_epoch`` is the one whose model was kept.

    ``train_seconds`` are the training's own, ``billed_seconds`` the job's; ``cost`` is the job's in US dollars. None is
    what nobody tells, as of a job that AWS has forgotten.
    """

    run: str
    accuracy: float
    macro_f1: float
    baseline_accuracy: float | None
    test_articles: int
    epochs: float | None
    best_epoch: float | None
    dataset: str
    hyperparameters: dict[str, Value]
    train_seconds: float | None
    instance: str | None
    billed_seconds: float | None
    cost: float | None


def compared_run(run: str, metrics: Metrics, job: Job | None) -> ComparedRun:
    billed = job.billed_seconds if job else None
    per_hour = job.per_hour if job else None
    best = metrics.best_epoch
    return ComparedRun(
        run=run,
        accuracy=metrics.accuracy,
        macro_f1=metrics.macro_f1,
        baseline_accuracy=metrics.baseline_accuracy,
        test_articles=metrics.articles,
        epochs=max((each.epoch for each in metrics.epochs), default=None),
        best_epoch=best.epoch if best else None,
        dataset=metrics.dataset,
        hyperparameters=dict(sorted(metrics.hyperparameters.items())),
        train_seconds=metrics.train_seconds,
        instance=job.instance if job else None,
        billed_seconds=billed,
        cost=None if billed is None or per_hour is None else per_hour * billed / 3600,
    )


def differing_hyperparameters(runs: Sequence[ComparedRun]) -> list[str]:
    """Names of those that are not the same in all runs; one that a run does not know differs."""
    names = sorted({name for run in runs for name in run.hyperparameters})
    return [name for name in names if len({_told(run, name) for run in runs}) > 1]


def _told(run: ComparedRun, name: str) -> tuple[bool, Value]:
    return name in run.hyperparameters, run.hyperparameters.get(name)


def share_articles(runs: Sequence[ComparedRun]) -> bool:
    """Whether the runs were tested on the same articles, as far as they say which."""
    return len({(run.dataset, run.test_articles) for run in runs}) <= 1
