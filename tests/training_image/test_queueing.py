"""How much the endpoint takes on, and when it says that there is no room or no time."""

from __future__ import annotations

import asyncio
import time

import pytest

from training_image.queueing import BusyError, Deadlines, Queue, TooMuchWorkError

LONG = "長い文章" * 1_000


def test_should_count_a_text_by_its_characters_within_what_the_model_reads() -> None:
    queue = Queue(tokens=10_000, text_tokens=512, workers=2, deadline=50)
    assert [queue.work(texts) for texts in (["短い"], ["文" * 160], [LONG], ["短い", LONG])] == [32, 102, 512, 544]


def test_should_refuse_what_does_not_fit_now_and_what_never_will() -> None:
    queue = Queue(tokens=1_000, text_tokens=512, workers=2, deadline=50)
    with queue.place([LONG]):
        with pytest.raises(BusyError, match="the queue is full; try again in 1 seconds"), queue.place([LONG]):
            pass
        with queue.place(["短い"]):
            assert (queue.requests, queue.tokens) == (2, 544)
    with (
        pytest.raises(TooMuchWorkError, match="the texts are about 1,024 tokens of work"),
        queue.place([LONG] * 2),
    ):
        pass
    assert (queue.requests, queue.tokens) == (0, 0)


def test_should_refuse_what_would_not_be_answered_in_time() -> None:
    """A slow machine's queue is shorter than its limit; what comes first is tried in any case."""
    queue = Queue(tokens=1_000_000, text_tokens=512, workers=2, deadline=50)
    queue.measure(tokens=50, seconds=5)  # 10 tokens per second of each worker: 1,000 until the deadline
    with queue.place([LONG]), queue.place(["文" * 600]):
        with pytest.raises(BusyError) as refused, queue.place([LONG]):
            pass
        assert refused.value.retry_after == 45


def test_should_forget_how_fast_it_was() -> None:
    queue = Queue(tokens=1_000_000, text_tokens=512, workers=1, deadline=50)
    queue.measure(tokens=1, seconds=20)
    for _ in range(200):
        queue.measure(tokens=1_000, seconds=1)
    with queue.place([LONG]), queue.place([LONG]):
        assert queue.requests == 2


def test_should_give_what_is_open_less_time_once_it_stops() -> None:
    async def scenario() -> tuple[float, float, float]:
        deadlines, now = Deadlines(1_000), asyncio.get_running_loop().time()
        async with deadlines.one():
            [timeout] = deadlines._open
            before = timeout.when() or 0
            deadlines.stop()
            async with deadlines.one():
                new = max(each.when() or 0 for each in deadlines._open)
            return before - now, (timeout.when() or 0) - now, new - now

    before, after, new = asyncio.run(scenario())
    assert before == pytest.approx(1_000, abs=5)
    assert after == pytest.approx(20, abs=5)
    assert new == pytest.approx(20, abs=5)


def test_should_cancel_what_goes_on_past_its_deadline() -> None:
    async def scenario() -> None:
        async with Deadlines(0.01).one():
            await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_should_stop_while_a_deadline_passes() -> None:
    async def scenario() -> None:
        deadlines = Deadlines(0.01)

        async def one() -> None:
            async with deadlines.one():
                await asyncio.sleep(10)

        asked = asyncio.create_task(one())
        await asyncio.sleep(0)
        [timeout] = deadlines._open
        while not timeout.expired():
            time.sleep(0.02)  # as on a busy machine, the deadline passes between two turns of the loop
            asyncio.get_running_loop().call_soon(lambda: None)
            await asyncio.sleep(0)
        deadlines.stop()
        with pytest.raises(TimeoutError):
            await asked

    asyncio.run(scenario())
