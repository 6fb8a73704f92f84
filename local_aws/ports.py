"""Where the local AWS and what it serves listen."""

from __future__ import annotations

import os
import socket


def endpoint_url(port: int | None = None) -> str:
    """``localhost`` by name: the emulator reads virtual-host requests by it."""
    return f"http://localhost:{port or os.environ['GATEWAY_PORT']}"


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
