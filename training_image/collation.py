"""Batches: padded to their longest encoding, masks rebuilt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class Collator:
    """Cuts encodings to ``max_length`` ids, keeping the closing ``[SEP]``, and pads a batch to its longest."""

    def __init__(self, pad_id: int, max_length: int) -> None:
        self._pad_id = pad_id
        self._max_length = max_length

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """``input_ids`` and ``attention_mask`` of shape (batch, longest), ``labels`` of shape (batch,) if given."""
        encodings = [self.cut(example["input_ids"]) for example in examples]
        longest = max(map(len, encodings))
        batch = {
            "input_ids": torch.tensor([ids + [self._pad_id] * (longest - len(ids)) for ids in encodings]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in encodings]),
        }
        if "label" in examples[0]:
            batch["labels"] = torch.tensor([example["label"] for example in examples])
        return batch

    def cut(self, ids: Sequence[int]) -> list[int]:
        if len(ids) <= self._max_length:
            return list(ids)
        return [*ids[: self._max_length - 1], ids[-1]]
