"""Which articles a step of training takes, and which of them this process: a function of seed and epoch alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from torch.utils.data import Sampler

from chitra.errors import InputError
from chitra.long_articles import View

# Articles are sorted by length among so many steps, as transformers does it, at most a quarter of the epoch's: batches
# of like length need little padding, and are others in each epoch.
SORTED_STEPS = 50
SORTED_SHARE = 4

Rows = np.ndarray[Any, np.dtype[np.int64]]


class EpochBatches(Sampler[list[int]]):
    """Per step the rows of this process, ``rank`` of ``processes``; each row once an epoch.

    All processes together take ``batch_size`` rows for each process in a step, or one less where they do not go round,
    of like length each. ``epoch`` counts from 0.

    Raises:
        InputError: there are fewer rows than processes.
    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, *, seed: int, rank: int = 0, processes: int = 1
    ) -> None:
        if len(lengths) < processes:
            raise InputError(
                f"channel train: has {len(lengths)} articles for {processes} processes. Train on one instance."
            )
        self._lengths = np.asarray(lengths)
        self._steps = min(-(-len(lengths) // (batch_size * processes)), len(lengths) // processes)
        self._seed = seed
        self._rank = rank
        self._processes = processes
        self.epoch = 0

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[list[int]]:
        """The longest articles come first: a memory that is too small shows itself in the first step."""
        random = np.random.default_rng((self._seed, self.epoch))
        steps = np.array_split(self._sorted_in_parts(random.permutation(len(self._lengths))), self._steps)
        longest = max(range(self._steps), key=lambda step: self._lengths[steps[step]].sum())
        others = [step for step in range(self._steps) if step != longest]
        for step in (longest, *random.permutation(others).tolist()):
            rows = sorted(steps[step].tolist(), key=lambda row: -self._lengths[row])
            yield rows[self._rank :: self._processes]

    def _sorted_in_parts(self, rows: Rows) -> Rows:
        """Falling and rising by turns, so that a step across two parts has articles of like length, too."""
        steps = min(SORTED_STEPS, self._steps // SORTED_SHARE) or 1
        parts = np.array_split(rows, max(1, self._steps // steps))
        return np.concatenate(
            [
                part[np.argsort(self._lengths[part] * (-1 if number % 2 else 1), kind="stable")]
                for number, part in enumerate(parts)
            ]
        )


def input_lengths(dataset: Dataset, view: View) -> list[int]:
    """Of a long article only a part goes in."""
    return [min(len(ids), view.length) for ids in dataset["input_ids"]]
