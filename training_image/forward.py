"""From encodings to logits: the parts of long articles in batches of like length, their logits averaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chitra.long_articles import View

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
