"""Bodies of requests: read up to a limit, and whatever is left unread is dropped before the answer goes out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from training_image.counters import Counters
from training_image.queueing import BusyError, Deadlines

MAX_BODY_BYTES = 6 * 2**20  # of InvokeEndpoint: every request that SageMaker passes on is read
MAX_DROPPED_BYTES = 32 * 2**20
MAX_HELD_BYTES = 96 * 2**20  # of all requests that are being read or answered
BUSY_SECONDS = 1


class BodyTooLargeError(Exception):
    """A body of more than MAX_BODY_BYTES."""


class BodyReader:
    """Reads bodies, as many at once as there is memory for."""

    def __init__(self) -> None:
        self.held = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """The whole body, which counts as held until this is left.

        Raises:
            BodyTooLargeError, BusyError: the rest of the body is still to be read.
            ClientDisconnect: the connection ended before the body did.
        """
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                self.held += len(chunk)
                if len(body) > MAX_BODY_BYTES:
                    raise BodyTooLargeError
                if self.held > MAX_HELD_BYTES:
                    raise BusyError(BUSY_SECONDS)
            yield bytes(body)
        finally:
            self.held -= len(body)


class Exchange:
    """ASGI middleware around a request and its answer: the deadline, and the end of its body.

    It reads and drops the rest of a body before the answer goes out: a server that closes a connection with bytes
    unread resets it, and a client that is still sending never sees the answer. A body of more than MAX_DROPPED_BYTES is
    cut: the connection ends with the answer.
    """

    def __init__(self, app: ASGIApp, deadlines: Deadlines, counters: Counters) -> None:
        self._app, self._deadlines, self._counters = app, deadlines, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, begin, status = _Body(receive), time.monotonic(), 0

        async def send_after_body(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                if not await body.drop():
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                status = message["status"]
            await send(message)

        try:
            async with self._deadlines.one():
                await self._app(scope, body.receive, send_after_body)
        except TimeoutError:
            if status:
                raise  # the client does not read its answer
            answer = self._too_late(body_is_there=body.ended)
            status = answer.status_code
            await answer(scope, receive, send)
        except Exception:  # is answered further out
            status = status or 500
            raise
        finally:
            if scope["path"] == "/invocations":
                self._counters.requests.add(str(status or "none"))
                self._counters.request_seconds.observe(time.monotonic() - begin)

    def _too_late(self, *, body_is_there: bool) -> JSONResponse:
        if not body_is_there:
            reason = f"the request did not arrive within {self._deadlines.seconds:g} seconds"
            return JSONResponse({"error": reason}, status_code=408, headers={"Connection": "close"})
        reason = (
            f"there was no time for an answer (limit: {self._deadlines.seconds:g} seconds); send fewer texts, or later"
        )
        return JSONResponse({"error": reason}, status_code=503, headers={"Retry-After": "5"})


class _Body:
    """What of a request's body was received."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False
        self._bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drop(self) -> bool:
        """Whether the body was received to its end."""
        while not self.ended and self._bytes <= MAX_DROPPED_BYTES:
            await self.receive()
        return self.ended
