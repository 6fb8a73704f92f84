"""Where the local AWS listens."""

from __future__ import annotations

import os


def endpoint_url(port: int | None = None) -> str:
    """``localhost`` by name: the emulator reads virtual-host requests by it."""
    return f"http://localhost:{port or os.environ['GATEWAY_PORT']}"
