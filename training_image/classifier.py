"""The trained model on the device at hand: from token ids to logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BertForSequenceClassification

from chitra.long_articles import View
from training_image.collation import padded
from training_image.forward import Array, logits_of
from training_image.weights import load_classifier

BATCH = 16


class Classifier:
    """Loads the model of the artefact in ``folder``. ``names`` are its categories by their ids.

    Raises:
        InputError: the folder holds no classifier.
    """

    def __init__(self, folder: Path, view: View) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = load_classifier(folder)
        self._model: BertForSequenceClassification = model.to(self._device).eval()
        self._view = view
        self._pad_id: int = model.config.pad_token_id
        self.names: dict[int, str] = model.config.id2label

    def logits(self, encodings: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (articles, categories)."""
        return logits_of(self._forward, encodings, self._view, BATCH)

    @torch.inference_mode()
    def _forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        batch = padded(inputs, self._pad_id)
        output = self._model(**{name: tensor.to(self._device) for name, tensor in batch.items()})
        logits: Array = output.logits.float().cpu().numpy()
        return logits
