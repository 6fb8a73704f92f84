"""Which inputs the model reads next: those of all requests in turn, in batches of like length, on every core."""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from training_image.candidates.cpu import cores
from training_image.forward import Array, Forward, averaged

LOOK_AHEAD = 128  # inputs that a batch is chosen among
CLOSE_SECONDS = 5  # for the batch that is computed when the endpoint ends
MAX_PADDING = 8  # a batch may be padded by an eighth of its tokens


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is used. ``linger`` is how many seconds an input waits for others to fill a batch, if others are to
    be expected; ``queue_tokens`` is how much work may wait."""

    workers: int
    batch_tokens: int
    linger: float
    queue_tokens: int


def plan(device: str) -> Plan:
    """On a CPU a worker for each core, and batches for short texts alone: padding costs what it saves. A GPU is fed by
    two workers, one of which prepares a batch while the other's is computed."""
    if device == "cpu":
        return Plan(workers=cores(), batch_tokens=256, linger=0.0, queue_tokens=2**16 * cores())
    return Plan(workers=2, batch_tokens=2**14, linger=0.01, queue_tokens=2**21)


@dataclass(slots=True, eq=False)
class Job:
    """A request's texts on their way through the model: ``logits`` are of shape (texts, categories) in the end.

    Its inputs may come little by little; ``complete`` says that there are no more.
    """

    logits: Future[Array] = field(default_factory=Future)
    texts: list[int] = field(default_factory=list)  # of each input the text that it belongs to
    rows: dict[int, Array] = field(default_factory=dict)  # of each input that was computed its logits
    finish: float = 0.0
    complete: bool = False

    def resolve(self) -> None:
        if self.complete and len(self.rows) == len(self.texts) and not self.logits.done():
            rows = np.stack([self.rows[number] for number in range(len(self.texts))])
            self.logits.set_result(averaged(rows, np.array(self.texts)))


@dataclass(slots=True, eq=False)
class Input:
    """Ids that the model reads at once: a text, or a part of one."""

    start: float
    job: Job
    number: int
    ids: Sequence[int]
    arrived: float


class Scheduler:
    """Threads that take inputs from all jobs in turn, each job as many tokens as the others: a single text does not
    wait for a file of them (start-time fair queueing). A batch that is all there is goes through ``forward_alone``.

    ``on_batch`` hears of each batch the inputs and the seconds that they waited and took; ``on_failure`` of a job that
    the model failed on. Both are called from the workers' threads.
    """

    def __init__(
        self,
        forward: Forward,
        forward_alone: Forward,
        plan: Plan,
        on_batch: Callable[[Sequence[Input], float, float], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._forward, self._forward_alone = forward, forward_alone
        self._plan, self._on_batch, self._on_failure = plan, on_batch, on_failure
        self._waiting: list[Input] = []  # by their start
        self._changed = threading.Condition()
        self._clock = 0.0  # the start of the newest input that was taken
        self._working = 0  # threads that compute
        self._newest = 0  # jobs in the batch that was taken last
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"model-{number}", daemon=True) for number in range(plan.workers)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, job: Job, texts: Sequence[Sequence[Sequence[int]]], *, last: bool) -> None:
        """Give the inputs of the next texts of a job to the workers."""
        with self._changed:
            first = job.texts[-1] + 1 if job.texts else 0
            for text, inputs in enumerate(texts, first):
                for ids in inputs:
                    start = max(self._clock, job.finish)
                    job.finish = start + len(ids)
                    insort(
                        self._waiting,
                        Input(start, job, len(job.texts), ids, time.monotonic()),
                        key=lambda each: each.start,
                    )
                    job.texts.append(text)
            job.complete = last
            job.resolve()
            self._changed.notify_all()

    def drop(self, job: Job) -> None:
        """Nobody waits for this job any more; what a worker computes just now is thrown away."""
        with self._changed:
            self._forget(job)
            job.logits.cancel()

    def close(self) -> None:
        """End the workers, each after the batch that it computes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(CLOSE_SECONDS)

    def _forget(self, job: Job) -> None:
        self._waiting = [each for each in self._waiting if each.job is not job]

    def _work(self) -> None:
        _keep_to_one_core()
        while taken := self._take():
            batch, alone = taken
            try:
                self._compute(batch, self._forward_alone if alone else self._forward)
            finally:
                with self._changed:
                    self._working -= 1

    def _take(self) -> tuple[list[Input], bool] | None:
        """The next batch, waited for, and whether it is all there is to do; None when there will be none."""
        with self._changed:
            while not self._closed:
                rest = self._rest()
                if rest is not None and rest <= 0:
                    first = self._waiting[:LOOK_AHEAD]
                    batch = next_batch(first, self._plan.batch_tokens)
                    taken = set(map(id, batch))
                    self._waiting[:LOOK_AHEAD] = [each for each in first if id(each) not in taken]
                    self._clock = batch[0].start
                    self._newest = _jobs(batch)
                    alone = not self._waiting and not self._working
                    self._working += 1
                    return batch, alone
                self._changed.wait(rest)
            return None

    def _rest(self) -> float | None:
        """The seconds that the first input may still wait for others; None without one.

        It does not wait where none are to be expected: one request is there, and one alone was there before.
        """
        if not self._waiting:
            return None
        if not self._working and self._newest <= 1 and _jobs(self._waiting) == 1:
            return 0.0
        full = sum(len(each.ids) for each in self._waiting[:LOOK_AHEAD]) >= self._plan.batch_tokens
        return 0.0 if full else self._waiting[0].arrived + self._plan.linger - time.monotonic()

    def _compute(self, batch: Sequence[Input], forward: Forward) -> None:
        begin = time.monotonic()
        try:
            logits = forward([each.ids for each in batch])
        except Exception as error:
            self._recover(batch, error)
            return
        self._on_batch(batch, begin - batch[0].arrived, time.monotonic() - begin)
        with self._changed:
            for each, row in zip(batch, logits, strict=True):
                each.job.rows[each.number] = row
                each.job.resolve()

    def _recover(self, batch: Sequence[Input], error: Exception) -> None:
        """Each input is tried alone: a batch may be too large for a GPU, or the model fails on one of them."""
        if len(batch) > 1:
            for each in batch:
                self._compute([each], self._forward)
            return
        self._on_failure()
        with self._changed:
            job = batch[0].job
            self._forget(job)
            if not job.logits.done():
                job.logits.set_exception(error)


def _jobs(inputs: Sequence[Input]) -> int:
    return len({id(each.job) for each in inputs})


def next_batch(waiting: Sequence[Input], tokens: int) -> list[Input]:
    """The first input, and of the others those most like it in length: of so many tokens in all, padding included."""
    first, *others = waiting
    batch, longest, filled = [first], len(first.ids), len(first.ids)
    for each in sorted(others, key=lambda other: abs(len(other.ids) - len(first.ids))):
        longest, filled = max(longest, len(each.ids)), filled + len(each.ids)
        size = longest * (len(batch) + 1)
        if size > tokens or size - filled > size // MAX_PADDING:
            break
        batch.append(each)
    return batch


def _keep_to_one_core() -> None:
    """Each worker computes on its own thread. PyTorch counts threads by the thread that calls it."""
    import sys

    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
