"""The trained model on the device at hand: from token ids of whole articles to logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chitra.long_articles import View
from training_image.candidates.choice import load_model
from training_image.candidates.model import Model
from training_image.forward import Array, logits_of

BATCH = {"cpu": 1, "cuda": 16}  # on a CPU, padding costs as much as a batch saves


class Classifier:
    """Loads the model of the artefact in ``folder``. ``names`` are its categories by their ids.

    Raises:
        InputError: the folder holds no classifier.
    """

    def __init__(self, folder: Path, view: View) -> None:
        self.model: Model = load_model(folder)
        self.names = self.model.names
        self._view = view

    def logits(self, encodings: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (articles, categories)."""
        return logits_of(self.model.forward, encodings, self._view, BATCH[self.model.device])
