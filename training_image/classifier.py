"""The trained model on the device at hand: from token ids to logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import BertForSequenceClassification

from training_image.collation import Collator
from training_image.weights import load_classifier


class Classifier:
    """Loads the model of the artefact in ``folder``. ``names`` are its categories by their ids.

    Raises:
        InputError: the folder holds no classifier.
    """

    def __init__(self, folder: Path, max_length: int) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = load_classifier(folder)
        self._model: BertForSequenceClassification = model.to(self._device).eval()
        self._collate = Collator(model.config.pad_token_id, max_length)
        self.names: dict[int, str] = model.config.id2label

    @torch.inference_mode()
    def logits(self, encodings: Sequence[Sequence[int]]) -> list[np.ndarray[Any, Any]]:
        """One row per encoding, which go through the model as one batch."""
        batch = self._collate([{"input_ids": ids} for ids in encodings])
        output = self._model(**{name: tensor.to(self._device) for name, tensor in batch.items()})
        return list(output.logits.float().cpu().numpy())
