"""What the stand-in reaches with each way to fit long articles in: `python -m benchmarks.accuracy CORPUS`.

The real jobs run as processes: preprocessing once, then one training job per way and seed, on one split of the corpus.
Beside each way stands the yardstick that its job reports: TF-IDF and a linear SVM on what that way lets the model see.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from scipy.stats import t as students_t

from benchmarks.jobs import cpu_seconds, prepare_training, run_job
from benchmarks.report import REPORT
from chitra.corpus import CorpusReader
from chitra.long_articles import MAX_ARTICLE_LENGTH
from infra.settings import read_settings
from workshop.commands.common import run_app

ACCURACY_REPORT = REPORT.with_name("accuracy.json")
SEEDS = 5
CONFIDENCE = 0.95
WAYS: dict[str, dict[str, str]] = {
    "windows": {},
    "head": {"long_articles": "head"},
    "head_tail": {"long_articles": "head_tail"},
    "windows, label smoothing 0.1": {"label_smoothing": "0.1"},
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One training job; accuracies are shares of the split's articles, ``cpu_seconds`` are of the whole job."""

    way: str
    seed: int
    validation: float
    test: float
    yardstick: float
    cpu_seconds: float


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def accuracy(
    corpus: Annotated[Path, typer.Argument(help="Archive, extracted folder, or JSONL files.")],
    seeds: Annotated[int, typer.Option(min=2, help="Training jobs per way.")] = SEEDS,
) -> None:
    """Train the stand-in with each way to fit long articles in; print the table and write build/bench/accuracy.json."""
    articles = sum(1 for _ in CorpusReader(corpus))
    from rehearsal.rehearse import stand_in_hyperparameters  # bring PyTorch: a mistake in the call is told before
    from rehearsal.stand_in import build_stand_in

    split_seed = read_settings().preprocessing.seed
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        base, model_dir = Path(scratch) / "ml", Path(scratch) / "model"
        build_stand_in(corpus, model_dir, seed=split_seed)
        _preprocess(corpus, base, model_dir, split_seed)
        for way, changes in WAYS.items():
            for seed in range(seeds):
                given = {**stand_in_hyperparameters(articles), **changes, "seed": str(seed)}
                outcomes.append(_train(base, model_dir, way, seed, given))
                write_outcomes(outcomes, ACCURACY_REPORT)
    print_outcomes(outcomes)


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Mean, and the half width of Student's interval for it, of two values or more."""
    width = students_t.ppf((1 + confidence) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(width)


def write_outcomes(outcomes: Sequence[Outcome], file: Path) -> None:
    """After each job, so that a run that is stopped keeps what it has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=2) + "\n", encoding="utf-8")


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """One row per way: means over its jobs, with intervals where there are two or more."""
    table = Table(title="accuracy of the stand-in, mean and 95 % interval over training seeds, one split")
    for heading in ("", "seeds", "validation", "test", "TF-IDF + SVM", "CPU s"):
        table.add_column(heading, justify="right" if heading else "left")
    for way in dict.fromkeys(outcome.way for outcome in outcomes):
        jobs = [outcome for outcome in outcomes if outcome.way == way]
        scores = [_text([each.validation for each in jobs]), _text([each.test for each in jobs])]
        yardstick, seconds = jobs[0].yardstick, np.mean([each.cpu_seconds for each in jobs])
        table.add_row(way, str(len(jobs)), *scores, f"{yardstick:.4f}", f"{seconds:.0f}")
    Console().print(table)


def _text(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.4f}"
    return "{:.4f} ± {:.4f}".format(*interval(values))


def _preprocess(corpus: Path, base: Path, model_dir: Path, seed: int) -> None:
    given = base / "processing/input/corpus"
    if corpus.is_dir():
        given.parent.mkdir(parents=True)
        given.symlink_to(corpus.resolve())
    else:
        given.mkdir(parents=True)
        shutil.copy(corpus, given)
    run_job("preprocessing", base, model_dir, "--seed", str(seed), "--max-length", str(MAX_ARTICLE_LENGTH))
    prepare_training(base)


def _train(base: Path, model_dir: Path, way: str, seed: int, hyperparameters: dict[str, str]) -> Outcome:
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters), encoding="utf-8")
    for name in ("checkpoints", "output", "model"):
        shutil.rmtree(base / name, ignore_errors=True)
    before = cpu_seconds()
    run_job("training_image.train", base, model_dir)
    metrics: dict[str, Any] = json.loads((base / "output/data/metrics.json").read_text(encoding="utf-8"))
    validation = max(epoch["validation_accuracy"] for epoch in metrics["epochs"])
    return Outcome(way, seed, validation, metrics["accuracy"], metrics["baseline_accuracy"], cpu_seconds() - before)


if __name__ == "__main__":
    run_app(app)
