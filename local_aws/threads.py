"""Work behind an answered request, in the account and region of whoever asked."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any


def in_thread(run: Callable[..., Any], *arguments: Any) -> None:
    """Run it in a thread that ends with the process. The caller's scope goes with it."""
    threading.Thread(target=contextvars.copy_context().run, args=(run, *arguments), daemon=True).start()
