"""A container that serves a model: started as SageMaker starts it, and asked until it passes its health check."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local_aws import recording
from local_aws.container import Container
from local_aws.log_stream import LogStream
from local_aws.ports import endpoint_url, free_port
from local_aws.runtime import Runtime
from local_aws.sagemaker_store import Record
from local_aws.transfer import download_archive

START_SECONDS = 240


@dataclass(slots=True)
class Served:
    """``base`` is the container's /opt/ml."""

    container: Container
    port: int
    logs: LogStream
    base: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.container.stop()
        self.logs.close()
        shutil.rmtree(self.base, ignore_errors=True)


def start_serving(
    runtime: Runtime, session: Any, base: Path, model: Record, *, log: tuple[str, str], environment: Mapping[str, str]
) -> Served:
    """Fetch the artefact of a described ``model`` and start its container; ``log`` names group and stream.

    ``environment`` is added to the model's own.
    """
    definition = model["PrimaryContainer"]
    _, _, _, kind, *_ = log[0].split("/")  # /aws/sagemaker/TransformJobs, or /aws/sagemaker/Endpoints/...
    recording.runs_image(model["ExecutionRoleArn"], definition["Image"], kind)
    base.mkdir(parents=True)
    s3 = session.client("s3", endpoint_url=endpoint_url())
    download_archive(s3, definition["ModelDataUrl"], base / "model", base / "model.tar.gz")
    logs = LogStream(session.client("logs", endpoint_url=endpoint_url()), *log)
    port = free_port()
    container = Container(
        runtime,
        ["serve"],
        image=definition["Image"],
        base=base,
        environment={**definition.get("Environment", {}), **environment},
        on_line=logs.write,
        port=port,
    )
    return Served(container, port, logs, base)


def await_ping(served: Served, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Until the container answers /ping, or is not ``is_wanted`` any more.

    Raises:
        RuntimeError: it ended before, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and is_wanted():
        if not served.container.running:
            break
        try:
            if httpx.get(f"{served.url}/ping", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    if is_wanted():
        last = " / ".join(list(served.container.tail)[-3:])
        raise RuntimeError(f"The container did not pass the ping health check. Its last lines: {last}")
