"""Asks a model on this disk which category a text belongs to: no endpoint, no account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chitra.errors import EXIT_INPUT, InputError, WorkshopError

ERROR = "error: "
TOKENISATION_FILE = "tokenisation.json"  # every artefact of `train` has one


def predict_with(model: Path, texts: list[str]) -> list[dict[str, Any]]:
    """One answer per text: label, label_name, logits and scores.

    A process of the image's program loads PyTorch: the commands themselves need none.

    Raises:
        InputError: the folder holds no model that a run made, its tokenisation is another one, or packages are missing.
    """
    if not (model / TOKENISATION_FILE).is_file():
        raise InputError(
            f"--model {model}: holds no {TOKENISATION_FILE}, so no run made it. Name the folder `model` of an export."
        )
    done = subprocess.run(
        [sys.executable, "-m", "training_image.predict", str(model)],
        input=json.dumps(texts),
        env={**os.environ, "PYTHONSAFEPATH": "1"},  # no module from the folder where the command was called
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        return answers
    last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    if done.returncode == EXIT_INPUT and last.startswith(ERROR):
        raise InputError(last.removeprefix(ERROR))
    raise WorkshopError(f"--model {model}: the model's process ended with {done.returncode}: {last}")
