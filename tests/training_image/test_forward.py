"""Logits of whole articles from those of their parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chitra.long_articles import View
from training_image.forward import Array, logits_of

CLS, SEP = 2, 3


def mean_piece(inputs: Sequence[Sequence[int]]) -> Array:
    """Stands for a model: its logits tell what it saw."""
    return np.array([[np.mean(part[1:-1]), len(part)] for part in inputs], np.float32)


def encoding(pieces: Sequence[int]) -> list[int]:
    return [CLS, *pieces, SEP]


@given(st.lists(st.lists(st.integers(5, 99), min_size=1, max_size=40), min_size=1, max_size=9), st.integers(1, 8))
def test_should_average_the_parts_of_each_article_in_its_place(articles: list[list[int]], batch_size: int) -> None:
    view, encodings = View(10, "windows"), [encoding(pieces) for pieces in articles]
    expected = [mean_piece(view.parts(ids)).mean(axis=0) for ids in encodings]
    np.testing.assert_allclose(logits_of(mean_piece, encodings, view, batch_size), expected, rtol=1e-5)


def test_should_fill_batches_with_inputs_of_like_length() -> None:
    seen: list[list[int]] = []

    def forward(inputs: Sequence[Sequence[int]]) -> Array:
        seen.append([len(part) for part in inputs])
        return mean_piece(inputs)

    logits_of(forward, [encoding([9] * size) for size in (30, 1, 8, 2, 7, 1)], View(64), 2)
    assert seen == [[3, 3], [4, 9], [10, 32]]
