"""The HTTP server, with what uvicorn leaves out: clients that close their half of a connection, and a last deadline."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol


class HalfClosing(H11Protocol):
    """Answers a client that sends its request and then closes its half of the connection, as `nc -N` does."""

    _half_closed = False

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays open: there is a whole request to be answered."""
        self._half_closed = bool(self.cycle and not self.cycle.response_complete and not self.cycle.more_body)
        return self._half_closed

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._half_closed and self.cycle.response_complete:
            self.transport.close()


class Server(uvicorn.Server):
    """Calls ``on_stop`` on SIGTERM, before it waits for the answers to the requests that it has."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)
