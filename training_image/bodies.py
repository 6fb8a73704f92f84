"""Bodies of requests: read up to a limit, and whatever is left unread is dropped before the answer goes out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 5 * 2**20
# InvokeEndpoint takes 6 MiB (6,291,456 bytes): every request that SageMaker passes on is answered.
MAX_DROPPED_BYTES = 32 * 2**20


class BodyTooLargeError(Exception):
    """A body of more than MAX_BODY_BYTES."""


async def read_body(request: Request) -> bytes:
    """The whole body.

    Raises:
        BodyTooLargeError: the rest of the body is still to be read.
        ClientDisconnect: the connection ended before the body did.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLargeError
    return bytes(body)


class DropUnreadBody:
    """ASGI middleware: reads and drops the rest of a request's body before the answer to it goes out.

    A server that closes a connection with bytes unread resets it, and a client that is still sending never sees the
    answer. A body of more than MAX_DROPPED_BYTES is cut: the connection ends with the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.drop():
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self._app(scope, body.receive, send_after_body)


class _Body:
    """What of a request's body was received."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self._bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drop(self) -> bool:
        """Whether the body was received to its end."""
        while not self._ended and self._bytes <= MAX_DROPPED_BYTES:
            await self.receive()
        return self._ended
