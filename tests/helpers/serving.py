"""Endpoints of the image as processes of their own, on a free port of this machine."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

Start = Callable[[dict[str, str]], "subprocess.Popen[str]"]


@contextmanager
def serving(start: Start) -> Iterator[str]:
    """The address of the endpoint that ``start`` starts with the variables given to it, once it is ready.

    It is stopped as SageMaker stops it, and has to end well.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = start({"SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"})
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/ping")
            break
        except httpx.TransportError:
            time.sleep(0.2)
    try:
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()
