"""Asks a model on this disk which category a text belongs to: no endpoint, no account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from chitra.contract import Explanation
from chitra.errors import EXIT_INPUT, InputError, WorkshopError
from chitra.json_text import read_json

ERROR = "error: "
TOKENISATION_FILE = "tokenisation.json"  # every artefact of `train` has one


class OwnModel:
    """A model in a process of the image's program, which loads PyTorch: the commands themselves need none.

    A context manager; several threads may ask.

    Raises:
        InputError: the folder holds no model that a run made.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / TOKENISATION_FILE).is_file():
            raise InputError(
                f"--model {folder}: holds no {TOKENISATION_FILE}, so no run made it. "
                "Name the folder `model` of an export."
            )
        self.folder = folder
        self._lock = threading.Lock()

    def __enter__(self) -> OwnModel:
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "training_image.predict", str(self.folder)],
            env={**os.environ, "PYTHONSAFEPATH": "1"},  # no module from the folder where the command was called
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for who asked
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def ask(self, texts: list[str]) -> list[dict[str, Any]]:
        """One answer per text: label, label_name, logits and scores.

        Raises:
            InputError: the model's tokenisation is another one than here, or packages are missing.
            WorkshopError: the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            try:
                self._process.stdin.write(json.dumps(texts) + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except OSError:  # it has ended, and does not read any more
                line = ""
        if not line:
            raise self._failure()
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    def explain(self, text: str) -> Explanation:
        """What the answer to a text rests on, word by word; by a process of its own, which takes seconds to start.

        Raises:
            WorkshopError: it cannot tell.
        """
        [answer] = self.ask([text])
        done = subprocess.run(
            [sys.executable, "-m", "training_image.explain", str(self.folder)],
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            input=json.dumps({"text": text, "label": answer["label"]}) + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise WorkshopError(f"--model {self.folder}: cannot be explained: {last}")
        explanation: Explanation = json.loads(done.stdout)
        return explanation

    def _failure(self) -> Exception:
        code = self._process.wait()
        self._errors.seek(0)
        last = (self._errors.read().strip().splitlines() or ["it said nothing"])[-1]
        if code == EXIT_INPUT and last.startswith(ERROR):
            return InputError(last.removeprefix(ERROR))
        return WorkshopError(f"--model {self.folder}: the model's process ended with {code}: {last}")


def predict_with(folder: Path, texts: list[str]) -> list[dict[str, Any]]:
    """Load the model, ask it once; as ``OwnModel`` does."""
    with OwnModel(folder) as model:
        return model.ask(texts)


def max_length_of(folder: Path) -> int:
    """How many tokens of a text are read for the model, from a folder that ``OwnModel`` has asked."""
    tokenisation = read_json(folder / TOKENISATION_FILE)
    return int(tokenisation.get("article_length", tokenisation["max_length"]))
