"""The report of a training job: metrics, predictions and plots, from one look at the test split."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
from transformers import PreTrainedModel

from chitra.hyperparameters import Hyperparameters
from training_image.baseline import baseline_accuracy
from training_image.candidates.record import Record
from training_image.channels import Channels
from training_image.evaluation import evaluate, prediction_rows
from training_image.plots import plot_confusion_matrix, plot_learning_curve
from training_image.trainer import FineTuning

T = TypeVar("T")


def write_report(
    output: Path,
    tuning: FineTuning,
    channels: Channels,
    hyperparameters: Hyperparameters,
    *,
    vocabulary: Sequence[str],
    train_seconds: float,
    serving: Record | None,
) -> str:
    """Evaluate on the test split and write everything to ``output``; returns one line for the log.

    What is beside the model's own numbers, the baseline and the plots, may fail: that is a warning in the log and in
    metrics.json.
    """
    started = time.monotonic()
    logits = tuning.predict_logits(channels.test)
    evaluation_seconds = time.monotonic() - started
    labels = np.asarray(channels.test["label"])
    evaluation = evaluate(labels, logits.argmax(axis=1), channels.categories)
    warnings = list[str]()
    baseline = _attempt(
        "the TF-IDF baseline",
        lambda: baseline_accuracy(channels.train, channels.test, view=tuning.view, vocabulary=vocabulary),
        warnings,
    )
    curve = tuning.learning_curve()
    metrics = {
        "dataset": channels.dataset,
        "model": _describe(tuning.model),
        **evaluation.to_json(),
        "baseline_accuracy": baseline,
        "train_seconds": round(train_seconds, 1),
        "evaluation_seconds": round(evaluation_seconds, 1),
        "train_articles_per_second": round(len(channels.train) * tuning.epochs_of_this_run / train_seconds, 1),
        "evaluation_articles_per_second": round(len(channels.test) / evaluation_seconds, 1),
        "epochs": [asdict(epoch) for epoch in curve],
        "serving": serving and serving.model_dump(mode="json"),
        "hyperparameters": hyperparameters.model_dump(by_alias=True),
        "kernels": {**tuning.kernels.to_json(), **tuning.batches()},
    }
    rows = prediction_rows(list(channels.test["article"]), labels, logits, channels.categories)
    output.mkdir(parents=True, exist_ok=True)
    _write_lines(output / "predictions.jsonl", [json.dumps(row, ensure_ascii=False) for row in rows])
    confusion, learning = output / "confusion_matrix.png", output / "learning_curve.png"
    _attempt("the confusion matrix", lambda: plot_confusion_matrix(evaluation, confusion), warnings)
    _attempt("the learning curve", lambda: plot_learning_curve(curve, baseline, learning), warnings)
    metrics["warnings"] = warnings
    _write_lines(output / "metrics.json", [json.dumps(metrics, ensure_ascii=False, indent=2)])
    beside = "unknown" if baseline is None else f"{baseline:.4f}"
    return (
        f"test accuracy {evaluation.accuracy:.4f}, macro-F1 {evaluation.macro_f1:.4f};"
        f" TF-IDF + linear SVM on the same split {beside}"
        f"{f'; served: {serving.describe()}' if serving else ''}"
    )


def _describe(model: PreTrainedModel) -> dict[str, str | int]:
    """``name`` is empty where the model's files give it none, as chiTra's do."""
    return {
        "name": getattr(model.config, "name", ""),
        "layers": model.config.num_hidden_layers,
        "hidden_size": model.config.hidden_size,
        "vocabulary": model.config.vocab_size,
        "parameters": model.num_parameters(),
    }


def _attempt(what: str, make: Callable[[], T], warnings: list[str]) -> T | None:
    """What ``make`` returns; when it fails, None and a warning."""
    try:
        return make()
    except Exception as error:
        warnings.append(f"{what} failed ({type(error).__name__}: {error})")
        print(f"warning: {warnings[-1]}", flush=True)
        return None


def _write_lines(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
