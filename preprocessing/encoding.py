"""Encodes batches of articles in one process per CPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from preprocessing.tokenisation import Encoder

WAITING_PER_PROCESS = 3  # batches: enough to keep it busy, few enough to keep memory flat


@dataclass(frozen=True, slots=True)
class Encodings:
    """One list of ids per text, and how many of them only the reference tokenizer could encode."""

    input_ids: pa.ListArray
    fallbacks: int


def encode_texts(encoder: Encoder, texts: Sequence[str]) -> Encodings:
    """The encodings of some texts, in this process."""
    before = encoder.fallbacks
    rows = [encoder.encode(text) for text in texts]
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    values = np.concatenate(rows) if rows else np.empty(0, encoder.id_type)
    return Encodings(pa.ListArray.from_arrays(ends, values), encoder.fallbacks - before)


def encode_batches(batches: Iterable[list[str]], encoder: Encoder, *, processes: int) -> Iterator[Encodings]:
    """The encodings of each batch, in order. Batches are taken as processes become free."""
    with ProcessPoolExecutor(processes, initializer=_start_worker, initargs=(encoder,)) as pool:
        waiting: deque[Future[Encodings]] = deque()
        for batch in batches:
            waiting.append(pool.submit(_encode_batch, batch))
            if len(waiting) > WAITING_PER_PROCESS * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_encoder: Encoder | None = None


def _start_worker(encoder: Encoder) -> None:
    global _encoder
    _encoder = encoder


def _encode_batch(texts: list[str]) -> Encodings:
    assert _encoder is not None
    return encode_texts(_encoder, texts)
