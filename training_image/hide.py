"""Keeps packages out of a process that has no use for them."""

from __future__ import annotations

import sys
from typing import Any

# transformers loads them whenever they are installed, which takes two of an endpoint's seven seconds, for beam search,
# losses of image models and the Trainer.
UNUSED_BY_PREDICTIONS = ("accelerate", "pandas", "scipy", "sklearn")


def hide(names: tuple[str, ...]) -> None:
    """From now on these packages count as not installed; one that is loaded already stays."""
    modules: dict[str, Any] = sys.modules
    for name in names:
        modules.setdefault(name, None)  # what Python's import system takes for "cannot be found"
