"""How much memory a piece of work takes."""

from __future__ import annotations

# For programs of the tests: the peak of ``work`` in KiB, in a process that was just forked. One that is started
# inherits the high-water mark of who starts it.
PEAK = """
import os, resource, sys

def peak(work):
    if not (child := os.fork()):
        work()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1 if sys.platform == "linux" else 1024)
"""
