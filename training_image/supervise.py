"""Runs the training in a process of its own, so that somebody is left to tell when the kernel kills it for its memory.

What `train` calls in the image; `python -m training_image.train` is the training itself.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

from chitra.contract import end_in_failure
from chitra.errors import EXIT_FAILURE

OUT_OF_MEMORY = (
    "training was killed (SIGKILL), most likely because the instance's memory was full: "
    "take a smaller train-batch-size or an instance with more memory"
)


def main() -> int:
    """The training's exit code; 1 when a signal ended it, with the reason in ``output/failure``. Passes SIGTERM on."""
    training = subprocess.Popen([sys.executable, "-m", "training_image.train", *sys.argv[1:]])

    def pass_on(number: int, frame: FrameType | None) -> None:
        training.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    code = training.wait()
    if code >= 0:
        return code
    killed = code == -signal.SIGKILL
    reason = OUT_OF_MEMORY if killed else f"training was ended by {signal.Signals(-code).name}"
    return end_in_failure(reason, EXIT_FAILURE)


if __name__ == "__main__":
    sys.exit(main())
