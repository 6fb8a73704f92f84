"""Whoever types a command does not wait for what it has no use for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from training_image.candidates.record import FILES, read_record
from training_image.hide import UNUSED_BY_PREDICTIONS

IMPORT_ALL = """
import importlib, pkgutil, sys
import workshop
for module in pkgutil.walk_packages(workshop.__path__, "workshop."):
    importlib.import_module(module.name)
print(*sys.modules)
"""


def test_should_load_neither_pytorch_nor_the_cdk_in_any_command() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"workshop.cli", "workshop.demo.page", "chitra.tokens"} <= loaded
    assert loaded.isdisjoint({"torch", "transformers", "sudachitra", "sklearn", "aws_cdk"})


def test_should_load_pytorch_in_no_endpoint_before_its_model_asks_for_it() -> None:
    program = "import sys, training_image.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"training_image.scheduling", "uvicorn"} <= set(done.stdout.split())
    assert set(done.stdout.split()).isdisjoint({"torch", "transformers", "sudachitra"})


def loaded_by_predictions(model: Path, texts: list[str]) -> tuple[set[str], list[list[float]]]:
    """The modules of the process that predicts, and the logits of its answers."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "training_image.predict", str(model)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return loaded, [answer["logits"] for answer in json.loads(done.stdout)]


def test_should_predict_the_same_without_what_only_other_models_need(trained: Path) -> None:
    from training_image.predictor import Predictor  # brings PyTorch, which takes seconds

    texts = ["引越してからすだちを届けます", "試合に[MASK]勝ちました。" * 60]
    loaded, predicted = loaded_by_predictions(trained / "model", texts)
    assert "transformers" in loaded  # SudachiTra, which reads special tokens, needs it
    assert loaded.isdisjoint({*UNUSED_BY_PREDICTIONS, "datasets", "matplotlib"})
    assert predicted == [answer.logits for answer in Predictor(trained / "model").predict(texts)]


def test_should_load_pytorch_only_where_it_computes(trained: Path) -> None:
    loaded, _ = loaded_by_predictions(trained / "model", ["引越してからすだちを届けます"])
    computed_by_pytorch = read_record(trained / "model").served("cpu")[0].runtime not in FILES
    assert ("torch" in loaded, "transformers" in loaded) == (computed_by_pytorch, computed_by_pytorch)
