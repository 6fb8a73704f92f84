"""Encodes batches of articles in one process per CPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from chitra.tokenisation import Encoder, Ids

WAITING_PER_PROCESS = 3  # batches: enough to keep it busy, few enough to keep memory flat


@dataclass(frozen=True, slots=True)
class Encodings:
    """The ids of some texts, one after the other; where each text's begin and the last one's end.

    ``fallbacks`` is how many of the texts only the reference tokenizer could encode.
    """

    ids: Ids
    offsets: np.ndarray[tuple[int], np.dtype[np.int32]]
    fallbacks: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def to_arrow(self) -> pa.ListArray:
        """One list of ids per text."""
        return pa.ListArray.from_arrays(self.offsets, self.ids)


def encode_texts(encoder: Encoder, texts: Sequence[str]) -> Encodings:
    """The encodings of some texts, in this process."""
    before = encoder.fallbacks
    rows = encoder.encode(texts)
    ids = np.concatenate(rows) if rows else np.empty(0, encoder.id_type)
    return Encodings(ids, np.cumsum([0, *map(len, rows)], dtype=np.int32), encoder.fallbacks - before)


class EncodingPool(ProcessPoolExecutor):
    """Processes that encode; each keeps the words it has met."""

    def __init__(self, encoder: Encoder, processes: int) -> None:
        super().__init__(processes, initializer=_start_process, initargs=(encoder,))
        self._most_waiting = WAITING_PER_PROCESS * processes

    def encode(self, batches: Iterable[list[str]]) -> Iterator[Encodings]:
        """The encodings of each batch, in order. Batches are taken as processes become free."""
        waiting: deque[Future[Encodings]] = deque()
        for batch in batches:
            waiting.append(self.submit(_encode_batch, batch))
            if len(waiting) > self._most_waiting:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_encoder: Encoder | None = None


def _start_process(encoder: Encoder) -> None:
    global _encoder
    _encoder = encoder


def _encode_batch(texts: list[str]) -> Encodings:
    assert _encoder is not None
    return encode_texts(_encoder, texts)
