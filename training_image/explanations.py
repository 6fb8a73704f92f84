"""Explanations for the endpoint, one at a time, by a process that is there while it is needed."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from chitra.contract import Explanation

IDLE_SECONDS = 300  # then its memory is given back
LINE_BYTES = 2**20


class Explanations:
    """Of the artefact in ``folder``; for the event loop's thread alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def of(self, text: str, label: int) -> Explanation:
        """Cancelled, it ends the process, whose work nobody waits for any more.

        Raises:
            RuntimeError: the process ended; the endpoint's log says why.
        """
        async with self._turn:
            if self._idle:
                self._idle.cancel()
            try:
                answer = await self._ask(json.dumps({"text": text, "label": label}).encode() + b"\n")
            except BaseException:
                self._end()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end)
            return answer

    async def _ask(self, line: bytes) -> Explanation:
        if self._process is None or self._process.returncode is not None:
            program = (sys.executable, "-m", "training_image.explain", str(self._folder))
            self._process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line)
        answer = await self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that explains predictions ended")
        explanation: Explanation = json.loads(answer)
        return explanation

    def _end(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
        self._process = None

    def close(self) -> None:
        """End the process, if there is one."""
        if self._idle:
            self._idle.cancel()
        self._end()
