"""From texts to predictions, many requests at once: tokenised in one thread, classified in others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from training_image.candidates.model import Model
from training_image.counters import Counters, Gauge
from training_image.predictor import Prediction
from training_image.queueing import SHORTEST, Queue
from training_image.scheduling import Input, Job, Plan, Scheduler

PORTION = 16  # texts that are tokenised before those of the next request

T = TypeVar("T")


class Classifies(Protocol):
    """What predictions need of a predictor; the tokenisation of two threads waits for each other."""

    model: Model

    def inputs(self, texts: Sequence[str]) -> list[list[list[int]]]: ...

    def prediction(self, logits: np.ndarray[Any, Any]) -> Prediction: ...

    def answers(self) -> bool: ...


class Predictions:
    """A predictor's, for the event loop. ``possible`` turns false when the model cannot answer any more."""

    def __init__(self, predictor: Classifies, plan: Plan, queue: Queue, counters: Counters) -> None:
        self._predictor, self._queue, self._counters = predictor, queue, counters
        model = predictor.model
        self._scheduler = Scheduler(model.forward, model.forward_alone, plan, self._on_batch, self._on_failure)
        self._tokenising = ThreadPoolExecutor(1, thread_name_prefix="tokenising")
        self.possible = True
        counters.gauges += [
            Gauge("chitra_queue_requests", "Requests that are being answered.", lambda: queue.requests),
            Gauge("chitra_queue_tokens", "Their work, in tokens.", lambda: queue.tokens),
            Gauge("chitra_queue_tokens_limit", "The work that the queue takes, in tokens.", lambda: queue.limit),
        ]

    async def of(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction per text, in order. Cancelled, it drops the work that is not done."""
        job = Job()
        try:
            for first in range(0, len(texts), PORTION):
                portion = texts[first : first + PORTION]
                inputs = await self._timed("tokenise", partial(self._predictor.inputs, portion))
                self._scheduler.add(job, inputs, last=first + PORTION >= len(texts))
            # Only `drop` cancels it, while no worker is about to put a result into it.
            logits = await asyncio.shield(asyncio.wrap_future(job.logits))
        except BaseException:
            self._scheduler.drop(job)
            raise
        return [self._predictor.prediction(row) for row in logits]

    def close(self) -> None:
        """Called when nothing is asked any more."""
        self._scheduler.close()
        self._tokenising.shutdown()

    async def _timed(self, stage: str, task: Callable[[], T]) -> T:
        def timed() -> T:
            begin = time.monotonic()
            try:
                return task()
            finally:
                self._counters.stage_seconds.observe(time.monotonic() - begin, stage)

        return await asyncio.get_running_loop().run_in_executor(self._tokenising, timed)

    def _on_batch(self, batch: Sequence[Input], waited: float, seconds: float) -> None:
        counters = self._counters
        counters.stage_seconds.observe(waited, "queue")
        counters.stage_seconds.observe(seconds, "model")
        counters.batch_inputs.observe(len(batch))
        counters.batch_tokens.observe(sum(len(each.ids) for each in batch))
        self._queue.measure(sum(max(SHORTEST, len(each.ids)) for each in batch), seconds)

    def _on_failure(self) -> None:
        self.possible = self._predictor.answers()
