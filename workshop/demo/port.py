"""Where the page listens: on this machine alone."""

from __future__ import annotations

import socket

from chitra.errors import InputError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 7860  # Gradio's


def listen(port: int | None) -> socket.socket:
    """A socket of this machine: on the port that was asked for; else on Gradio's, or any where that is taken.

    Raises:
        InputError: the port that was asked for is taken.
    """
    try:
        return _bound(DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return _bound(0)
        raise InputError(f"--port {port}: {error.strerror}. Choose another, or leave it out.") from error


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen()  # a browser may come before the server is ready
    except OSError:
        listener.close()
        raise
    return listener
