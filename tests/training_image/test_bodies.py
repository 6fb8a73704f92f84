"""Bodies are held in memory while they are read, and no more of them than there is room for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from training_image import bodies
from training_image.bodies import BodyReader
from training_image.queueing import BusyError


class Request:
    """Sends half of its body, waits, and sends the rest."""

    def __init__(self, body: bytes, go_on: asyncio.Event) -> None:
        self._body, self._go_on = body, go_on

    async def stream(self) -> AsyncIterator[bytes]:
        half = len(self._body) // 2
        yield self._body[:half]
        await self._go_on.wait()
        yield self._body[half:]


def test_should_send_away_whose_body_there_is_no_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_HELD_BYTES", 25)
    reader = BodyReader()

    async def read(request: Any) -> bytes:
        async with reader.read(request) as body:
            return body

    async def scenario() -> list[Any]:
        go_on = asyncio.Event()
        first = [asyncio.create_task(read(Request(b"x" * 20, go_on))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await read(Request(b"x" * 20, go_on))
        go_on.set()
        return await asyncio.gather(*first, return_exceptions=True)

    answers = asyncio.run(scenario())
    assert b"x" * 20 in answers
    assert reader.held == 0
