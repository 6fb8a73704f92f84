"""From encodings to logits: the parts of long articles in batches of like length, their logits averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from chitra.long_articles import View
from training_image.collation import padded

Array = np.ndarray[Any, np.dtype[np.float32]]
Forward = Callable[[Sequence[Sequence[int]]], Array]  # one batch of inputs to logits of shape (inputs, categories)


def logits_of(forward: Forward, encodings: Sequence[Sequence[int]], view: View, batch_size: int) -> Array:
    """Logits of shape (articles, categories), in the order of the encodings.

    Inputs go through the model shortest first, ``batch_size`` at a time: padding costs as much as words.
    """
    parts = [(article, part) for article, ids in enumerate(encodings) for part in view.parts(ids)]
    parts.sort(key=lambda part: len(part[1]))
    batches = [parts[first : first + batch_size] for first in range(0, len(parts), batch_size)]
    rows = np.concatenate([forward([part for _, part in batch]) for batch in batches])
    return averaged(rows, np.array([article for article, _ in parts]))


def averaged(rows: Array, articles: np.ndarray[Any, np.dtype[np.int64]]) -> Array:
    """The mean of each article's rows; ``articles`` tells of each row whose it is, from 0, and leaves none out."""
    sums = np.zeros((int(articles.max()) + 1, rows.shape[1]), np.float64)
    np.add.at(sums, articles, rows)
    return (sums / np.bincount(articles)[:, None]).astype(np.float32)


@torch.inference_mode()
def forward(model: Any, inputs: Sequence[Sequence[int]], *, pad_id: int) -> Array:
    """One batch through a model of transformers; in halves where the GPU's memory is too small for it."""
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
