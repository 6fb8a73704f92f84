"""A teardown in a process of its own, against a ``Cloud`` that stays alive when that process is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest.mock import patch

from tests.helpers.accounts import EARLIER, FORGOTTEN, HOME
from tests.helpers.cloud import Cloud, RefusalError
from tests.helpers.cloud_session import client_of
from tests.helpers.project import SETTINGS
from tests.workshop.teardown.test_teardown_properties import tear_down

SERVICES = ("sts", "ec2", "s3", "ecr", "iam", "logs", "sagemaker", "scheduler", "stepfunctions", "cloudformation")
SERVICES += ("application-autoscaling", "codebuild", "resourcegroupstaggingapi")

# Whoever forks from a process that has imported this module has all clients ready.
for _service in SERVICES:
    for _region in (HOME, EARLIER, FORGOTTEN):
        client_of(_service, _region)


class RemoteCloud:
    """The way to a cloud in another process; one connection per thread."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._local = threading.local()

    def call(self, service: str, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if not hasattr(self._local, "connection"):
            self._local.connection = Client(self._address, "AF_UNIX")
        connection: Connection[Any, Any] = self._local.connection
        connection.send((os.getpid(), service, region, operation, params))
        answer = connection.recv()
        if isinstance(answer, RefusalError):
            raise answer
        content: dict[str, Any] = answer
        return content


class KillingServer:
    """Answers for ``cloud``, and kills the process whose call is ``victim`` right after the call took effect."""

    def __init__(self, cloud: Cloud, address: Path, victim: str) -> None:
        self.cloud, self.address, self.killed = cloud, str(address), False
        self._victim = victim
        self._listener = Listener(self.address, "AF_UNIX", backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> KillingServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection[Any, Any]) -> None:
        try:
            while True:
                pid, service, region, operation, params = connection.recv()
                with self.cloud.lock:  # a killed process has no other call under way that comes later
                    if self.killed:
                        return
                    try:
                        answer: object = self.cloud.call(service, region, operation, params)
                    except RefusalError as error:
                        answer = error
                    if self.cloud.calls[-1] == self._victim:
                        self.killed = True
                        os.kill(pid, signal.SIGKILL)
                        return
                connection.send(answer)
        except (EOFError, OSError):
            return


def _child(address: str, journal: str) -> None:
    with patch("os.fsync"):  # the process is killed, not the machine
        tear_down(RemoteCloud(address), Path(journal), SETTINGS)  # type: ignore[arg-type]


def tear_down_in_a_process(server: KillingServer, journal: Path) -> int:
    """The exit code: -9 when it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_child, args=(server.address, str(journal)))
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode
