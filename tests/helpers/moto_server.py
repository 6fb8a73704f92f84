"""moto's server as a process, and the workshop's commands as processes that ask it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from infra.settings import FOLDER_VARIABLE
from local_aws.ports import endpoint_url, free_port
from tests.helpers.leftovers import REGION

START_SECONDS = 60


@dataclass(frozen=True)
class Moto:
    """A running server, and how to reach it. ``folder`` is where its commands run, and the workshop's."""

    port: int
    folder: Path

    def forget(self) -> None:
        """Make the account an empty one."""
        request = urllib.request.Request(f"{endpoint_url(self.port)}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "secret"}
        return boto3.client(service, region_name=REGION, endpoint_url=endpoint_url(self.port), **keys)

    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {
            **inherited,
            "AWS_ENDPOINT_URL": endpoint_url(self.port),
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "COLUMNS": "200",
            FOLDER_VARIABLE: str(self.folder),
        }

    def workshop(self, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        """In the workshop's folder, if not told otherwise."""
        command = [sys.executable, "-m", "workshop.cli", *arguments]
        return subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment() | variables,
            input="",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@contextmanager
def moto_server(folder: Path) -> Iterator[int]:
    """The port of a server; ``folder`` is for its log."""
    port = free_port()
    with (folder / "moto.log").open("wb") as log:
        command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        aws = Moto(port, folder)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                aws.client("sts").get_caller_identity()
                break
            except Exception:
                assert time.monotonic() < deadline, (folder / "moto.log").read_text()
                time.sleep(0.3)
        yield port
    finally:
        server.kill()
        server.wait()
