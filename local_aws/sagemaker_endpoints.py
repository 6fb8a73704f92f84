"""Really serves endpoints: the model artefact unpacked, `serve` started, invocations passed on."""

from __future__ import annotations

import contextvars
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local_aws import recording
from local_aws.container import Container
from local_aws.log_stream import LogStream
from local_aws.ports import endpoint_url, free_port
from local_aws.role_session import service_session
from local_aws.runtime import Runtime
from local_aws.sagemaker_store import ENDPOINT_CONFIG, MODEL, ApiError, Record, Store
from local_aws.transfer import download_archive

START_SECONDS = 240
INVOKE_SECONDS = 60
MAX_PAYLOAD_BYTES = 6_291_456


@dataclass(slots=True)
class _Served:
    container: Container
    port: int
    logs: LogStream
    base: Path


class EndpointRunner:
    """Starts, invokes and stops the containers behind endpoints, by ARN."""

    def __init__(self, store: Store, runtime: Runtime, work: Path) -> None:
        self._store = store
        self._runtime = runtime
        self._work = work
        self._served: dict[str, _Served] = {}

    def start(self, record: Record, region: str) -> None:
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._start, record, region), daemon=True).start()

    def _start(self, record: Record, region: str) -> None:
        name, arn = record["EndpointName"], record["EndpointArn"]
        base = self._work / "endpoint" / name
        try:
            variant = self._store.get(ENDPOINT_CONFIG, record["EndpointConfigName"])["ProductionVariants"][0]
            model = self._store.get(MODEL, variant["ModelName"])
            session = service_session(model["ExecutionRoleArn"], region=region)
            recording.runs_image(model["ExecutionRoleArn"], model["PrimaryContainer"]["Image"], "Endpoints")
            base.mkdir(parents=True)
            s3 = session.client("s3", endpoint_url=endpoint_url())
            container = model["PrimaryContainer"]
            download_archive(s3, container["ModelDataUrl"], base / "model", base / "model.tar.gz")
            served = self._serve(name, session, base, container)
            self._served[arn] = served
            self._await_ping(served)
        except Exception as error:
            self._store.update(record, EndpointStatus="Failed", FailureReason=str(error)[:1024])
            return
        if record["EndpointStatus"] == "Creating":
            self._store.update(record, EndpointStatus="InService")

    def _serve(self, name: str, session: Any, base: Path, definition: Record) -> _Served:
        logs = LogStream(
            session.client("logs", endpoint_url=endpoint_url()),
            f"/aws/sagemaker/Endpoints/{name}",
            f"AllTraffic/i-{int(time.time()):017x}",
        )
        port = free_port()
        container = Container(
            self._runtime,
            ["serve"],
            image=definition["Image"],
            base=base,
            environment=definition.get("Environment", {}),
            on_line=logs.write,
            port=port,
        )
        return _Served(container, port, logs, base)

    def _await_ping(self, served: _Served) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not served.container.running:
                break
            try:
                if httpx.get(f"http://127.0.0.1:{served.port}/ping", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        last = " / ".join(list(served.container.tail)[-3:])
        raise RuntimeError(f"The container did not pass the ping health check. Its last lines: {last}")

    def invoke(self, arn: str, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The container's answer and its type.

        Raises:
            ApiError: ModelError when the container answered with an error, as SageMaker reports it.
        """
        if len(body) > MAX_PAYLOAD_BYTES:
            raise ApiError("ValidationError", f"Request payload is larger than {MAX_PAYLOAD_BYTES} bytes", 413)
        served = self._served.get(arn)
        if served is None or not served.container.running:
            raise ApiError("ModelError", "The container behind the endpoint does not run.", 424)
        answer = httpx.post(
            f"http://127.0.0.1:{served.port}/invocations",
            content=body,
            headers={"Content-Type": content_type, "Accept": accept},
            timeout=INVOKE_SECONDS,
        )
        if answer.status_code != 200:
            message = f'Received client error ({answer.status_code}) from primary with message "{answer.text}".'
            raise ApiError("ModelError", message, 424)
        return answer.content, answer.headers.get("content-type", "application/json")

    def stop(self, arn: str) -> None:
        served = self._served.pop(arn, None)
        if served is not None:
            served.container.stop()
            served.logs.close()
            shutil.rmtree(served.base, ignore_errors=True)
