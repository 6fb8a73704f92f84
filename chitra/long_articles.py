"""What the model sees of an article that is longer than its input, the same in training and in serving.

Every encoding is ``[CLS] pieces [SEP]``, and so is each part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Strategy = Literal["head", "head_tail", "windows"]

MAX_ARTICLE_LENGTH = (
    4_096  # ids that are kept of an article; more than that of one text SudachiTra may not read at once
)
SPECIAL = 2  # [CLS] and [SEP]
HEAD_SHARE = 4  # head_tail takes a quarter from the beginning, as 128 of 510 in Sun et al. 2019 (arXiv:1905.05583)
OVERLAP_SHARE = 8  # windows share at least an eighth with the one before, so that no sentence is only seen cut


@dataclass(frozen=True, slots=True)
class View:
    """How articles are fitted into an input of ``length`` ids, special tokens included.

    ``head`` keeps the beginning, ``head_tail`` the beginning and the end, ``windows`` everything, in several inputs.
    """

    length: int
    strategy: Strategy = "head"

    def parts(self, ids: Sequence[int]) -> list[list[int]]:
        """The inputs that stand for an article: one, or for ``windows`` as many as cover it, evenly spaced."""
        if len(ids) <= self.length:
            return [list(ids)]
        pieces, room = ids[1:-1], self.length - SPECIAL
        if self.strategy == "head":
            return [self._input(ids, pieces[:room])]
        if self.strategy == "head_tail":
            head = room // HEAD_SHARE
            return [self._input(ids, [*pieces[:head], *pieces[len(pieces) - room + head :]])]
        last = len(pieces) - room
        step = max(1, room - room // OVERLAP_SHARE)
        count = 1 - (-last // step)
        starts = [last * number // (count - 1) for number in range(count)]
        return [self._input(ids, pieces[start : start + room]) for start in starts]

    def of_epoch(self, ids: Sequence[int], *draw: int) -> list[int]:
        """The one input that stands for an article in an epoch of training.

        For ``windows`` it begins anywhere in the article, where ``draw`` decides: seed, epoch and article, for example,
        so that a training that is resumed sees what it would have seen.
        """
        if self.strategy != "windows" or len(ids) <= self.length:
            return self.parts(ids)[0]
        pieces, room = ids[1:-1], self.length - SPECIAL
        start = int(np.random.default_rng(draw).integers(len(pieces) - room + 1))
        return self._input(ids, pieces[start : start + room])

    @staticmethod
    def _input(ids: Sequence[int], pieces: Sequence[int]) -> list[int]:
        return [ids[0], *pieces, ids[-1]]
