"""The SageMaker training job: `train`, or `python -m training_image.train`."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import datasets
import numpy as np
import transformers

from preprocessing.contract import base_dir, bundled_model_dir, report_end
from preprocessing.errors import EXIT_INPUT, InputError
from preprocessing.tokenisation import fingerprint, load_tokenizer
from training_image.artefact import save_artefact
from training_image.channels import read_channels
from training_image.collation import Collator
from training_image.evaluation import evaluate, prediction_rows
from training_image.hyperparameters import read_hyperparameters
from training_image.plots import plot_confusion_matrix, plot_learning_curve
from training_image.trainer import FineTuning
from training_image.yardstick import yardstick_accuracy

EXIT_FAILURE = 1


def main() -> int:
    """0, 2 for input that cannot be used, 1 for a fault of ours; ``output/failure`` says why."""
    base = base_dir()
    stop = threading.Event()

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_sigterm)
    try:
        train(base, bundled_model_dir(), stop)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        report_end(base / "output/failure", str(error))
        return EXIT_INPUT
    except Exception as error:
        traceback.print_exc()
        report_end(base / "output/failure", f"training failed: {type(error).__name__}: {error}")
        return EXIT_FAILURE
    return 0


def train(base: Path, model_dir: Path, stop: threading.Event) -> None:
    """Fine-tune, evaluate once on the test split, and write the artefact and its report.

    Raises:
        InputError: hyperparameters, channels or model cannot be used.
    """
    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()
    hyperparameters = read_hyperparameters(base / "input/config/hyperparameters.json")
    require_one_host(base / "input/config/resourceconfig.json")
    tokenizer = load_tokenizer(model_dir)
    channels = read_channels(base / "input/data", fingerprint(tokenizer))
    categories = channels.categories
    if hyperparameters.num_labels not in (None, len(categories)):
        raise InputError(
            f"hyperparameter num_labels: is {hyperparameters.num_labels}, but the corpus has {len(categories)} "
            "categories. Leave it out."
        )
    print(f"training on {len(channels.train):,} articles, {len(categories)} categories: {hyperparameters}", flush=True)
    started = time.monotonic()
    tuning = FineTuning(channels, hyperparameters, model_dir=model_dir, checkpoints=base / "checkpoints", stop=stop)
    if not tuning.run():
        print("stopped by SIGTERM; the checkpoint is kept, the same job can go on from it", flush=True)
        return
    train_seconds = time.monotonic() - started
    started = time.monotonic()
    logits = tuning.predict_logits(channels.test)
    evaluation_seconds = time.monotonic() - started
    labels = np.asarray(channels.test["label"])
    evaluation = evaluate(labels, logits.argmax(axis=1), categories)
    cut = Collator(0, hyperparameters.max_length).cut
    vocabulary = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    yardstick = yardstick_accuracy(channels.train, channels.test, cut=cut, vocabulary=vocabulary)
    curve = tuning.learning_curve()
    metrics = {
        **evaluation.to_json(),
        "baseline_accuracy": yardstick,
        "train_seconds": round(train_seconds, 1),
        "evaluation_seconds": round(evaluation_seconds, 1),
        "train_articles_per_second": round(len(channels.train) * hyperparameters.epochs / train_seconds, 1),
        "evaluation_articles_per_second": round(len(channels.test) / evaluation_seconds, 1),
        "epochs": [asdict(epoch) for epoch in curve],
        "hyperparameters": hyperparameters.model_dump(by_alias=True),
    }
    output = base / "output/data"
    output.mkdir(parents=True, exist_ok=True)
    _write_lines(output / "metrics.json", [json.dumps(metrics, ensure_ascii=False, indent=2)])
    rows = prediction_rows(list(channels.test["article"]), labels, logits, categories)
    _write_lines(output / "predictions.jsonl", [json.dumps(row, ensure_ascii=False) for row in rows])
    plot_confusion_matrix(evaluation, output / "confusion_matrix.png")
    plot_learning_curve(curve, yardstick, output / "learning_curve.png")
    save_artefact(
        tuning.trainer.model, model_dir, base / "model", max_length=min(hyperparameters.max_length, channels.max_length)
    )
    print(
        f"test accuracy {evaluation.accuracy:.4f}, macro-F1 {evaluation.macro_f1:.4f};"
        f" TF-IDF + linear SVM on the same split {yardstick:.4f}",
        flush=True,
    )


def require_one_host(resource_config: Path) -> None:
    """Several hosts would each train and overwrite the same model."""
    if not resource_config.exists():
        return
    hosts = json.loads(resource_config.read_text(encoding="utf-8")).get("hosts", [])
    if len(hosts) > 1:
        raise InputError(f"resourceconfig.json: names {len(hosts)} hosts. Set the training job's instance_count to 1.")


def _write_lines(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
