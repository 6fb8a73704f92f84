"""Classifies texts with a trained artefact."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chitra.errors import InputError, in_one_line
from chitra.tokenisation import Encoder
from training_image.artefact import read_tokenisation
from training_image.scores import softmax

PROBE = "試合"


@dataclass(frozen=True, slots=True)
class Prediction:
    label: int
    label_name: str
    logits: list[float]
    scores: dict[str, float]


class Predictor:
    """Loads the artefact in ``folder``.

    Raises:
        InputError: it is no artefact of `train`, was trained with another tokenisation, or its model cannot classify.
    """

    def __init__(self, folder: Path) -> None:
        tokenisation = read_tokenisation(folder)
        view = tokenisation.view
        kept = view.length if view.strategy == "head" else tokenisation.article_length
        self._encoder = Encoder(folder, min(kept, tokenisation.article_length))
        # It may bring transformers and PyTorch. A folder that is no artefact is known before those seconds.
        from training_image.classifier import Classifier

        self.folder = folder
        self.text_tokens = tokenisation.article_length if view.strategy == "windows" else view.length
        self._view = view
        self._classifier = Classifier(folder, view)
        self.model = self._classifier.model
        self._names = self._classifier.names
        self._lock = threading.Lock()  # Sudachi's tokenizer serves one thread at a time
        try:
            self.predict([PROBE])
        except Exception as error:
            reason = in_one_line(error)
            raise InputError(
                f"{folder}: its model cannot classify a text ({type(error).__name__}: {reason}). "
                "Take an artefact that `train` made."
            ) from error

    def answers(self) -> bool:
        """Whether the model can still classify a text; it cannot after a fault of its GPU, for example."""
        try:
            return bool(self.predict([PROBE]))
        except Exception:
            return False

    def predict(self, texts: list[str]) -> list[Prediction]:
        """One prediction per text, in order."""
        return [self.prediction(row) for row in self._classifier.logits(self._encode(texts))]

    def inputs(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """What the model reads of each text: one input, or for windows as many as cover it."""
        return [self._view.parts(ids) for ids in self._encode(texts)]

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        with self._lock:
            return [ids.tolist() for ids in self._encoder.encode(texts)]

    def prediction(self, logits: np.ndarray[Any, Any]) -> Prediction:
        """What the logits of a text, of shape (categories,), say."""
        scores = softmax(logits)
        label = int(logits.argmax())
        return Prediction(
            label=label,
            label_name=self._names[label],
            logits=[float(value) for value in logits],
            scores={self._names[i]: round(float(score), 6) for i, score in enumerate(scores)},
        )
