"""How quick a way to serve is, and how good."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch

from chitra.long_articles import View
from training_image.candidates.cpu import cores
from training_image.candidates.model import Model
from training_image.forward import Array, logits_of

LENGTHS = (128, 512)  # ids of the inputs that are timed
RUNS = 3
GPU_BATCH = 32


def milliseconds(model: Model, longest: int) -> dict[int, float]:
    """Of one input, by its ids, that comes alone: what somebody waits for who asks an endpoint that is not busy.

    ``longest`` is how many ids the model can read.
    """
    return {length: _time(model, min(length, longest)) for length in LENGTHS}


def logits(model: Model, encodings: Sequence[Sequence[int]], view: View) -> Array:
    """Of shape (articles, categories); on a CPU each core goes through articles of its own."""
    if model.device == "cuda":
        return logits_of(model.forward, encodings, view, GPU_BATCH)
    slices = [part for part in np.array_split(np.arange(len(encodings)), cores()) if len(part)]
    with ThreadPoolExecutor(len(slices)) as pool:
        parts = pool.map(lambda part: logits_of(model.forward, [encodings[row] for row in part], view, 1), slices)
        return np.concatenate(list(parts))


@contextmanager
def one_core_each() -> Iterator[None]:
    """PyTorch computes on the thread that asks, as it does in an endpoint."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _time(model: Model, length: int) -> float:
    taken = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        model.forward_alone([[1] * length])
        taken.append(time.perf_counter() - start)
    return round(min(taken[1:]) * 1_000, 3)  # other work on the machine only adds
