"""The local AWS as a process: `python -m local_aws`.

Ends when the process that started it ends, or, where REHEARSAL_STAY_FILE names a file, when both are gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from chitra.errors import EXIT_INPUT
from local_aws.runtime import Runtime

PARENT_CHECK_SECONDS = 1.0
VARIABLES = ("REHEARSAL_MODEL_DIR", "REHEARSAL_RUNTIME", "REHEARSAL_WORK_DIR", "GATEWAY_PORT")


def main() -> int:
    """Serve until SIGTERM; 2 without the variables that ``LocalAws`` sets."""
    for name in VARIABLES:
        if name not in os.environ:
            print(f"error: {name}: is not set. A rehearsal starts this program: run `rehearse`.", file=sys.stderr)
            return EXIT_INPUT
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    from ministack import app

    from local_aws.extensions import install

    install(Runtime.from_environment(), Path(os.environ["REHEARSAL_WORK_DIR"]))
    sys.argv = ["ministack"]
    app.main()
    return 0


def _end_with_parent(parent: int) -> None:
    """Take every job along: they share this process's group."""
    stay_file = os.environ.get("REHEARSAL_STAY_FILE")
    while os.getppid() == parent or (stay_file and Path(stay_file).exists()):
        time.sleep(PARENT_CHECK_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
