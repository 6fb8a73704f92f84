"""One batch through a model of PyTorch; endpoints that have another kind of model never load this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from training_image.collation import padded
from training_image.forward import Array


@torch.inference_mode()
def forward(model: Any, inputs: Sequence[Sequence[int]], *, pad_id: int) -> Array:
    """Logits of shape (inputs, categories); in halves where the GPU's memory is too small for the batch."""
    model.eval()
    try:
        batch = {name: tensor.to(model.device) for name, tensor in padded(inputs, pad_id).items()}
        logits: Array = model(**batch).logits.float().cpu().numpy()
        return logits
    except torch.OutOfMemoryError:
        if len(inputs) == 1:
            raise
    half = len(inputs) // 2
    return np.concatenate([forward(model, part, pad_id=pad_id) for part in (inputs[:half], inputs[half:])])
