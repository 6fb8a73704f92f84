"""How much work the endpoint takes on at once, and until when each request has to be answered."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from chitra.tokenisation import ADDED_TOKENS, CHARACTERS_PER_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 32  # tokens that a text counts as at least: a request, an answer and a batch cost something, too
EXPLAINED_TOKENS = 256  # of a text, at most: what a core explains in less than half of the deadline
EXPLAIN_STEPS = 8  # each computes the model forwards and backwards, which is thrice the work
DEADLINE = 50.0  # seconds; SageMaker gives an endpoint 60
MEMORY, EVIDENCE = 10.0, 1.0  # seconds of a worker's time that its speed is known by
BATCH_DEADLINE = 550.0  # of a transform job, which waits 600 where ModelClientConfig says nothing else
DRAIN = 20.0  # seconds for what was taken when the endpoint is told to stop; SageMaker kills it after 30


class TooMuchWorkError(Exception):
    """A request that would never fit into the queue. Its message says how large it is, and how large it may be."""


class BusyError(Exception):
    """A request that does not fit now. ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the queue is full; try again in {retry_after} seconds")
        self.retry_after = retry_after


class Queue:
    """Counts the work of the requests that were taken and are not answered, in tokens, by the texts' characters: it has
    to be known before a text is tokenised. For the event loop's thread alone, but for ``measure``.
    """

    def __init__(self, tokens: int, text_tokens: int, workers: int, deadline: float) -> None:
        self.limit, self._text_tokens, self._workers, self._deadline = tokens, text_tokens, workers, deadline
        self.tokens = self.requests = 0
        self._done, self._busy = 0.0, 0.0  # tokens, and a worker's seconds for them

    def work(self, texts: Sequence[str]) -> int:
        """Tokens of these texts, about; a model reads ``text_tokens`` of each at most."""
        return sum(
            max(SHORTEST, min(int(len(text) / CHARACTERS_PER_ID) + ADDED_TOKENS, self._text_tokens)) for text in texts
        )

    @contextmanager
    def place(self, texts: Sequence[str], *, explain: bool = False) -> Iterator[None]:
        """Holds a place for a request's work while it is done.

        Raises:
            TooMuchWorkError, BusyError: there is none.
        """
        tokens = self.work(texts) + (3 * EXPLAIN_STEPS * EXPLAINED_TOKENS if explain else 0)
        if tokens > self.limit:
            raise TooMuchWorkError(
                f"the texts are about {tokens:,} tokens of work, of which each counts as {SHORTEST} at least; "
                f"send at most {self.limit:,} per request"
            )
        if self.tokens and (self.tokens + tokens > self.limit or self._seconds(self.tokens + tokens) > self._deadline):
            raise BusyError(max(1, math.ceil(min(self._seconds(self.tokens) or 1, self._deadline))))
        self.tokens, self.requests = self.tokens + tokens, self.requests + 1
        try:
            yield
        finally:
            self.tokens, self.requests = self.tokens - tokens, self.requests - 1

    def measure(self, tokens: int, seconds: float) -> None:
        """Of one batch; the newest ones count most."""
        if self._busy > MEMORY:
            self._done, self._busy = self._done / 2, self._busy / 2
        self._done, self._busy = self._done + tokens, self._busy + seconds

    def _seconds(self, tokens: int) -> float:
        """How long so much work takes, as far as one knows."""
        return tokens * self._busy / (self._done * self._workers) if self._busy > EVIDENCE else 0.0


class Deadlines:
    """Of all requests: each has ``seconds``, and less once the endpoint is told to stop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._open: set[asyncio.Timeout] = set()
        self._end = math.inf

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """For one request.

        Raises:
            TimeoutError: its time is over; what went on inside was cancelled.
        """
        async with asyncio.timeout_at(min(asyncio.get_running_loop().time() + self.seconds, self._end)) as timeout:
            self._open.add(timeout)
            try:
                yield
            finally:
                self._open.discard(timeout)

    def stop(self) -> None:
        """Whatever is not answered within DRAIN seconds will not be."""
        self._end = asyncio.get_running_loop().time() + DRAIN
        for timeout in self._open:
            with suppress(RuntimeError):  # its time is just over
                timeout.reschedule(min(timeout.when() or math.inf, self._end))
