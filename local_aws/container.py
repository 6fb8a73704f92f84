"""One running container: its process, its output, its end."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local_aws.runtime import Runtime

STOP_GRACE_SECONDS = 30
TAIL_LINES = 30


class Container:
    """Starts ``arguments`` in the environment of ``image`` with ``base`` as /opt/ml."""

    def __init__(
        self,
        runtime: Runtime,
        arguments: Sequence[str],
        *,
        image: str,
        base: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        port: int | None = None,
        network: Sequence[str] = (),
    ) -> None:
        self._on_line = on_line
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._process = subprocess.Popen(
            runtime.command(arguments, image=image, base=base, environment=environment, port=port, network=network),
            env=runtime.variables(base=base, environment=environment, port=port),
            cwd=base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.tail.append(line.rstrip("\n"))
            self._on_line(line)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float) -> int | None:
        """The exit code, or None when it still runs after ``timeout`` seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(timeout=5)
        return code

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after a grace, as SageMaker stops containers."""
        self._process.terminate()
        if self.wait(STOP_GRACE_SECONDS) is None:
            self._process.kill()
            self.wait(STOP_GRACE_SECONDS)
