"""How quick a way to serve is, and how good."""

from __future__ import annotations

import statistics
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
    """Of one input, by its ids: on a CPU one core's time, which other work on the machine does not change much.

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
    clock = time.perf_counter if model.device == "cuda" else time.thread_time  # a GPU's thread waits
    taken = []
    for _ in range(RUNS + 1):
        start = clock()
        model.forward([[1] * length])
        taken.append(clock() - start)
    return round(statistics.median(taken[1:]) * 1_000, 3)
