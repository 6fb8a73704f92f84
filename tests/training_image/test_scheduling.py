"""Many requests share the model: in turn, in batches of like length, and none pays for another's mistake."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_image import scheduling
from training_image.counters import Counters
from training_image.forward import Array, Forward, averaged
from training_image.predictions import Predictions
from training_image.queueing import Queue
from training_image.scheduling import LOOK_AHEAD, Input, Job, Plan, Scheduler, next_batch, plan

POISON = 99


@contextmanager
def scheduler(
    forward: Forward, alone: Forward | None = None, *, workers: int = 1, batch_tokens: int = 64, linger: float = 0.0
) -> Iterator[Scheduler]:
    given = Plan(workers, batch_tokens, linger, 0)
    running = Scheduler(forward, alone or forward, given, lambda batch, waited, took: None, lambda: None)
    try:
        yield running
    finally:
        running.close()


def mean_of(inputs: Sequence[Sequence[int]]) -> Array:
    """Stands for a model."""
    if any(POISON in ids for ids in inputs):
        raise ValueError("this one")
    return np.array([[np.mean(ids), len(ids)] for ids in inputs], np.float32)


def waiting(lengths: Sequence[int]) -> list[Input]:
    return [Input(0, Job(), 0, [0] * length, 0) for length in lengths]


@given(st.lists(st.integers(1, 64), min_size=1, max_size=LOOK_AHEAD), st.integers(1, 256))
def test_should_choose_the_first_input_and_others_like_it(lengths: list[int], tokens: int) -> None:
    inputs = waiting(lengths)
    batch = next_batch(inputs, tokens)
    found = [len(each.ids) for each in batch]
    assert batch[0] is inputs[0]
    assert len(set(map(id, batch))) == len(batch)
    assert len(batch) == 1 or len(batch) * max(found) <= tokens
    assert sum(found) >= len(batch) * max(found) * 7 / 8


def test_should_read_short_texts_together_and_long_ones_alone() -> None:
    sizes = [len(next_batch(waiting([length] * 100), 256)) for length in (8, 32, 100, 512)]
    assert sizes == [32, 8, 2, 1]


@pytest.mark.parametrize("workers", [1, 3])
def test_should_average_the_inputs_of_each_text_of_each_job_in_its_place(workers: int) -> None:
    jobs = [Job() for _ in range(20)]
    with scheduler(mean_of, workers=workers) as running:
        for number, job in enumerate(jobs):
            running.add(job, [[[number]], [[1, 1, 1], [3, 3, 3]]], last=False)
            running.add(job, [[[20] * 60]], last=True)
        answers = [job.logits.result(30).tolist() for job in jobs]
    assert answers == [[[number, 1], [2, 3], [20, 60]] for number in range(20)]


def test_should_not_let_a_text_wait_for_a_file_of_them() -> None:
    order, begin = list[int](), threading.Event()

    def forward(inputs: Sequence[Sequence[int]]) -> Array:
        begin.wait(30)
        order.extend(ids[0] for ids in inputs)
        return mean_of(inputs)

    file, text = Job(), Job()
    with scheduler(forward) as running:
        running.add(file, [[[1] * 50]] * 20, last=True)
        running.add(text, [[[2] * 50]], last=True)
        begin.set()
        file.logits.result(30)
    assert order.index(2) <= 2


def test_should_fail_no_other_request_with_the_one_that_the_model_fails_on() -> None:
    begin = threading.Event()

    def forward(inputs: Sequence[Sequence[int]]) -> Array:
        begin.wait(30)
        return mean_of(inputs)

    jobs = [Job() for _ in range(4)]
    with scheduler(forward) as running:
        for job, piece in zip(jobs, (1, 2, POISON, 4), strict=True):
            running.add(job, [[[piece] * 2]], last=True)
        begin.set()
        with pytest.raises(ValueError, match="this one"):
            jobs[2].logits.result(30)
        assert [jobs[number].logits.result(30)[0, 0] for number in (0, 1, 3)] == [1, 2, 4]


def test_should_compute_nothing_more_of_a_job_that_nobody_waits_for() -> None:
    seen, begin = list[int](), threading.Event()

    def forward(inputs: Sequence[Sequence[int]]) -> Array:
        begin.wait(30)
        seen.extend(ids[0] for ids in inputs)
        return mean_of(inputs)

    dropped, other = Job(), Job()
    with scheduler(forward) as running:
        running.add(dropped, [[[1] * 64]] * 50, last=True)
        running.add(other, [[[2] * 64]], last=True)
        running.drop(dropped)
        begin.set()
        other.logits.result(30)
    assert seen.count(1) <= 1
    assert dropped.logits.cancelled()


def test_should_wait_for_others_to_fill_a_gpus_batch() -> None:
    sizes, go_on = list[int](), threading.Event()

    def forward(inputs: Sequence[Sequence[int]]) -> Array:
        sizes.append(len(inputs))
        go_on.wait(30)
        return mean_of(inputs)

    first, *others = jobs = [Job() for _ in range(9)]
    with scheduler(forward, workers=2, batch_tokens=64, linger=60) as running:
        running.add(first, [[[1] * 8]], last=True)
        while not sizes:
            time.sleep(0.01)
        for job in others:
            running.add(job, [[[1] * 8]], last=True)
        go_on.set()
        for job in jobs:
            job.logits.result(30)
    assert sizes == [1, 8]


@pytest.mark.parametrize("inputs", [1, 3])
def test_should_not_wait_for_others_where_requests_come_one_by_one(inputs: int) -> None:
    """A long article has several inputs, which make no crowd."""
    with scheduler(mean_of, workers=2, batch_tokens=64, linger=60) as running:
        for _ in range(3):
            job = Job()
            running.add(job, [[[1] * 8] * inputs], last=True)
            job.logits.result(30)


def test_should_give_all_cores_to_what_comes_alone_and_one_to_what_comes_together() -> None:
    used, go_on = list[str](), threading.Event()

    def by(name: str) -> Forward:
        def forward(inputs: Sequence[Sequence[int]]) -> Array:
            used.append(name)
            go_on.wait(10)
            return mean_of(inputs)

        return forward

    with scheduler(by("one core"), by("all cores"), workers=2) as running:
        first, *others = jobs = [Job() for _ in range(3)]
        running.add(first, [[[1] * 40]], last=True)
        while not used:
            time.sleep(0.01)
        for job in others:
            running.add(job, [[[1] * 40]], last=True)
        go_on.set()
        for job in jobs:
            job.logits.result(10)
    assert used[0] == "all cores"
    assert used[1] == "one core"


def test_should_use_a_cpu_with_a_worker_per_core_and_a_gpu_with_batches() -> None:
    cpu, gpu = plan("cpu"), plan("cuda")
    assert cpu.queue_tokens == 65_536 * cpu.workers
    assert cpu.linger == 0
    assert gpu.batch_tokens > 8 * 512 > cpu.batch_tokens
    assert 0 < gpu.linger < 0.1


def test_should_go_on_when_a_request_is_given_up_at_the_moment_of_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline comes in the event loop's thread, while a worker puts the logits together."""
    resolving, given_up = threading.Event(), threading.Event()

    def slowly(rows: Array, owners: Array) -> Array:
        resolving.set()
        given_up.wait(10)
        return averaged(rows, owners)

    async def give_up(predictions: Predictions) -> None:
        asked = asyncio.create_task(predictions.of(["1"]))
        await asyncio.to_thread(resolving.wait, 10)
        asked.cancel()
        threading.Timer(0.1, given_up.set).start()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert len(await asyncio.wait_for(predictions.of(["2", "3"]), 10)) == 2

    monkeypatch.setattr(scheduling, "averaged", slowly)
    predictor: Any = SimpleNamespace(
        model=SimpleNamespace(forward=mean_of, forward_alone=mean_of),
        inputs=lambda texts: [[[int(text)]] for text in texts],
        prediction=lambda row: row,
    )
    predictions = Predictions(predictor, Plan(1, 64, 0.0, 0), Queue(1_000, 512, 1, 50), Counters())
    asyncio.run(give_up(predictions))
    predictions.close()
