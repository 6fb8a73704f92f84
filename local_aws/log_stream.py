"""Ships a job's output to CloudWatch Logs, as SageMaker does, with the permissions of the job's role."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from botocore.exceptions import ClientError

FLUSH_SECONDS = 0.5
BATCH = 500


class LogStream:
    """A log stream that lines are written to; ``close`` sends the rest."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:
        self._logs = logs
        self._group = group
        self._stream = stream
        self._lines: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        for create, arguments in (
            (logs.create_log_group, {"logGroupName": group}),
            (logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                create(**arguments)
        self._thread = threading.Thread(target=self._ship, daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        if line.strip():
            with self._lock:
                self._lines.append({"timestamp": int(time.time() * 1000), "message": line.rstrip("\n")})

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=10)

    def _ship(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for start in range(0, len(lines), BATCH):
            with contextlib.suppress(ClientError):  # the group may be deleted while the job still talks
                self._logs.put_log_events(
                    logGroupName=self._group, logStreamName=self._stream, logEvents=lines[start : start + BATCH]
                )
