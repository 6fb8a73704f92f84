"""A trained model that PyTorch computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import BertForSequenceClassification

from training_image.candidates.cpu import cores
from training_image.candidates.model import Device
from training_image.forward import Array
from training_image.torch_forward import forward
from training_image.weights import load_classifier

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchModel:
    """A `Model`: ``classifier`` on ``device``, for predictions only; ``precision`` is one of DTYPES."""

    def __init__(self, classifier: BertForSequenceClassification, device: Device, precision: str = "fp32") -> None:
        self.device: Device = device
        model: Any = classifier
        self._model: BertForSequenceClassification = model.to(device, DTYPES[precision]).eval()
        self.pad_id: int = model.config.pad_token_id
        self.names: dict[int, str] = model.config.id2label

    def forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (inputs, categories)."""
        return forward(self._model, inputs, pad_id=self.pad_id)

    def forward_alone(self, inputs: Sequence[Sequence[int]]) -> Array:
        if self.device == "cuda":
            return self.forward(inputs)
        threads = torch.get_num_threads()  # of the thread that calls
        torch.set_num_threads(cores())
        try:
            return self.forward(inputs)
        finally:
            torch.set_num_threads(threads)


def load_torch(model_dir: Path, device: Device, precision: str) -> TorchModel:
    """The trained classifier in ``model_dir``.

    Raises:
        InputError: the folder holds no classifier.
    """
    return TorchModel(load_classifier(model_dir), device, precision)
