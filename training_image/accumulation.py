"""Gradients of a batch that may not fit into the memory at once: in parts, which are halved until they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from chitra.errors import InputError

Batch = dict[str, torch.Tensor]


class Accumulation:
    """``most_ids`` is how many ids, padding included, go through the model at a time; None is no limit so far."""

    def __init__(self) -> None:
        self.most_ids: int | None = None

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """Of a batch sorted by length, each padded to its own longest article only."""
        ids, mask = batch["input_ids"], batch["attention_mask"]
        if not len(ids):
            return
        if self.most_ids is None or ids.numel() <= self.most_ids or len(ids) == 1:
            yield batch
            return
        half = len(ids) // 2
        for rows in (slice(half), slice(half, None)):
            longest = int(mask[rows].sum(dim=1).max())
            short = {name: batch[name][rows, :longest] for name in ("input_ids", "attention_mask")}
            yield from self.parts({**short, "labels": batch["labels"][rows]})

    def run(self, batch: Batch, backward: Callable[[Batch], torch.Tensor], begin: Callable[[], Any]) -> torch.Tensor:
        """The sum of what ``backward`` returns for the parts.

        ``begin`` takes back what parts of the batch have left when a later one was too large.

        Raises:
            InputError: a single article is too large.
        """
        while True:
            begin()
            try:
                return sum((backward(part) for part in self.parts(batch)), torch.zeros(()))
            except torch.OutOfMemoryError as error:
                self.most_ids = self._half(batch, error)
            torch.cuda.empty_cache()
            print(f"memory is full: from now on {self.most_ids:,} ids at a time, the batch stays as it is", flush=True)

    def _half(self, batch: Batch, error: torch.OutOfMemoryError) -> int:
        sizes = [part["input_ids"].numel() for part in self.parts(batch) if len(part["input_ids"]) > 1]
        if not sizes:
            raise InputError(
                "the GPU's memory is full with one article at a time: take a smaller max_length or a larger instance "
                f"({error})"
            ) from error
        return max(sizes) // 2
