"""Interleaved timing: contenders in processes of their own take turns, so that neither disturbs the other's memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

# A process keeps the luck, or bad luck, of where its memory lies; so contenders are started anew after some rounds.
ROUNDS_PER_START = 3

Passes = Generator[Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Contender:
    """``make(*arguments)`` yields one callable per run, which goes through ``articles`` articles.

    What happens between two of them is not timed.
    """

    articles: int
    make: Callable[..., Passes]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Medians of articles per second of the process' CPU time and of wall time."""

    cpu: float
    wall: float


def interleaved(contenders: Sequence[Contender], runs: int, start: str = "fork") -> list[Rates]:
    """Each contender's rates over ``runs`` rounds, a multiple of ROUNDS_PER_START.

    ``start`` is how multiprocessing starts the contenders.
    """
    rounds = [taken for _ in range(runs // ROUNDS_PER_START) for taken in _rounds(contenders, start)]
    return [_rates(each.articles, seconds) for each, seconds in zip(contenders, zip(*rounds, strict=True), strict=True)]


def _rounds(contenders: Sequence[Contender], start: str) -> list[list[tuple[float, float]]]:
    """Per round each contender's seconds, in a process started for it; the first round only warms up."""
    context = get_context(start)
    with ExitStack() as stack:
        pools = [
            stack.enter_context(
                ProcessPoolExecutor(1, context, initializer=_start, initargs=(each.make, each.arguments))
            )
            for each in contenders
        ]
        rounds = [[pool.submit(_time_one_run).result() for pool in pools] for _ in range(ROUNDS_PER_START + 1)]
        for pool in pools:
            pool.submit(_end).result()
    return rounds[1:]


def _rates(articles: int, seconds: Sequence[tuple[float, float]]) -> Rates:
    cpu, wall = (statistics.median(articles / each for each in by_clock) for by_clock in zip(*seconds, strict=True))
    return Rates(cpu, wall)


_passes: Passes


def _start(make: Callable[..., Passes], arguments: tuple[Any, ...]) -> None:
    global _passes
    _passes = make(*arguments)


def _time_one_run() -> tuple[float, float]:
    run = next(_passes)
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def _end() -> None:
    """Let a contender end the processes that it started."""
    _passes.close()
