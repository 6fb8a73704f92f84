"""Batches: padded to their longest encoding, masks rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from chitra.long_articles import View


def padded(encodings: Sequence[Sequence[int]], pad_id: int) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask`` of shape (batch, longest)."""
    lengths = np.array([len(ids) for ids in encodings])
    columns = np.arange(lengths.max())
    input_ids = np.full((len(encodings), len(columns)), pad_id, np.int64)
    for row, ids in zip(input_ids, encodings, strict=True):
        row[: len(ids)] = ids
    mask = (columns < lengths[:, None]).astype(np.int64)
    return {"input_ids": torch.from_numpy(input_ids), "attention_mask": torch.from_numpy(mask)}


class TrainingCollator:
    """One input per article, as ``view`` fits it in, and a new one in every ``epoch`` (from 0).

    ``word_dropout`` is the share of pieces that are hidden behind ``unknown_id``, others each time.
    """

    def __init__(self, pad_id: int, view: View, *, seed: int, word_dropout: float = 0.0, unknown_id: int = 1) -> None:
        self._pad_id = pad_id
        self.view = view
        self._seed = seed
        self._word_dropout = word_dropout
        self._unknown_id = unknown_id
        self.epoch = 0

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Of rows with ``input_ids``, ``article`` and ``label``; besides the encodings ``labels`` of shape (batch,)."""
        batch = padded([self._input(example) for example in examples], self._pad_id)
        return {**batch, "labels": torch.tensor([example["label"] for example in examples])}

    def _input(self, example: dict[str, Any]) -> list[int]:
        draw = (self._seed, self.epoch, example["article"])
        ids = self.view.of_epoch(example["input_ids"], *draw)
        if self._word_dropout:
            hidden = np.random.default_rng((*draw, 1)).random(len(ids)) < self._word_dropout
            hidden[0] = hidden[-1] = False
            ids = [self._unknown_id if hide else piece for piece, hide in zip(ids, hidden, strict=True)]
        return ids
