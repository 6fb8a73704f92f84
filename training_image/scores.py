"""From logits to scores."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def softmax(logits: Array) -> Array:
    """Scores that add up to 1 over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return scores
