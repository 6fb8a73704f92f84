"""Runs the training in a process of its own, so that somebody is left to tell when the kernel kills it for its memory.

What `train` calls in the image; `python -m training_image.train` is the training itself. An instance with several GPUs
has a process for each, several instances one each at least: PyTorch's launcher starts and watches those.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from types import FrameType

from chitra.contract import base_dir, end_in_failure, forget_end
from chitra.errors import EXIT_FAILURE, EXIT_INPUT, InputError
from training_image.cluster import count_gpus, read_cluster
from training_image.endings import ended_by


def main() -> int:
    """The training's exit code; 1 when a signal ended it, with the reason in ``output/failure``. Passes SIGTERM on."""
    try:
        cluster, gpus = read_cluster(base_dir()), count_gpus()
        if len(cluster.hosts) > 1 or gpus > 1:
            from training_image.launch import launch  # brings PyTorch

            forget_end("failure")
            return launch(cluster, max(1, gpus))
    except InputError as error:
        return end_in_failure(str(error), EXIT_INPUT)
    return supervise()


def supervise() -> int:
    """One process, as it is."""
    training = subprocess.Popen([sys.executable, "-m", "training_image.train", *sys.argv[1:]])

    def pass_on(number: int, frame: FrameType | None) -> None:
        training.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    code = training.wait()
    return code if code >= 0 else end_in_failure(ended_by(signal.Signals(-code)), EXIT_FAILURE)


if __name__ == "__main__":
    sys.exit(main())
