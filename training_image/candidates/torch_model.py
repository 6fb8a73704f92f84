"""A trained model that PyTorch computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BertForSequenceClassification

from training_image.candidates.model import Device
from training_image.collation import padded
from training_image.forward import Array
from training_image.weights import load_classifier


class TorchModel:
    """A `Model`: ``classifier`` on ``device``, for predictions only."""

    def __init__(self, classifier: BertForSequenceClassification, device: Device) -> None:
        self.device: Device = device
        model: Any = classifier
        self._model: BertForSequenceClassification = model.to(device).eval()
        self.pad_id: int = model.config.pad_token_id
        self.names: dict[int, str] = model.config.id2label

    @torch.inference_mode()
    def forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (inputs, categories)."""
        batch = padded(inputs, self.pad_id)
        output = self._model(**{name: tensor.to(self.device) for name, tensor in batch.items()})
        logits: Array = output.logits.float().cpu().numpy()
        return logits


def load_fp32(folder: Path) -> TorchModel:
    """The artefact's own weights, on the GPU where there is one.

    Raises:
        InputError: the folder holds no classifier.
    """
    return TorchModel(load_classifier(folder), "cuda" if torch.cuda.is_available() else "cpu")
