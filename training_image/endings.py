"""How a training ended that could not say so itself."""

from __future__ import annotations

import signal

OUT_OF_MEMORY = (
    "training was killed (SIGKILL), most likely because the instance's memory was full: "
    "take a smaller train-batch-size or an instance with more memory"
)


def ended_by(number: signal.Signals) -> str:
    return OUT_OF_MEMORY if number == signal.SIGKILL else f"training was ended by {number.name}"
