"""Really serves endpoints: the model artefact unpacked, `serve` started once per instance, invocations passed on."""

from __future__ import annotations

import contextvars
import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local_aws import scaling_api
from local_aws.ports import endpoint_url
from local_aws.role_session import service_session
from local_aws.runtime import Runtime
from local_aws.sagemaker_store import ENDPOINT_CONFIG, MODEL, ApiError, Record, Store
from local_aws.serving import Served, await_ping, start_serving
from local_aws.threads import in_thread
from local_aws.transfer import split_uri

INVOKE_SECONDS = 60
ASYNCHRONOUS_SECONDS = 900  # SageMaker's default, InvocationTimeoutSeconds
MAX_PAYLOAD_BYTES = 6_291_456
SCALING_WINDOW_SECONDS = 60
NOT_RUNNING = "The container behind the endpoint does not run."


@dataclass(slots=True)
class _Endpoint:
    """``instances`` answer in turn; ``asked`` are the times of the newest invocations."""

    record: Record
    config: Record
    model: Record
    session: Any
    base: Path
    queue: ThreadPoolExecutor
    instances: list[Served] = field(default_factory=list)
    asked: deque[float] = field(default_factory=deque)
    turns: Iterator[int] = field(default_factory=itertools.count)
    starting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> list[Served]:
        return [each for each in self.instances if each.container.running]

    def next_instance(self) -> Served:
        """Raises ApiError when no container runs."""
        if not (running := self.running):
            raise ApiError("ModelError", NOT_RUNNING, 424)
        return running[next(self.turns) % len(running)]


class EndpointRunner:
    """Starts, invokes, scales and stops the containers behind endpoints, by ARN."""

    def __init__(self, store: Store, runtime: Runtime, work: Path) -> None:
        self._store = store
        self._runtime = runtime
        self._work = work
        self._endpoints: dict[str, _Endpoint] = {}

    def start(self, record: Record, region: str) -> None:
        in_thread(self._start, record, region)

    def _start(self, record: Record, region: str) -> None:
        name = record["EndpointName"]
        try:
            config = self._store.get(ENDPOINT_CONFIG, record["EndpointConfigName"])
            variant = config["ProductionVariants"][0]
            model = self._store.get(MODEL, variant["ModelName"])
            session = service_session(model["ExecutionRoleArn"], region=region)
            client = config.get("AsyncInferenceConfig", {}).get("ClientConfig", {})
            queue = ThreadPoolExecutor(client.get("MaxConcurrentInvocationsPerInstance", 1))
            endpoint = _Endpoint(record, config, model, session, self._work / "endpoint" / name, queue)
            self._endpoints[record["EndpointArn"]] = endpoint
            for _ in range(variant.get("InitialInstanceCount", 1)):
                self._add_instance(endpoint)
        except Exception as error:
            self._store.update(record, EndpointStatus="Failed", FailureReason=str(error)[:1024])
            return
        if record["EndpointStatus"] == "Creating":
            self._store.update(record, EndpointStatus="InService")

    def _add_instance(self, endpoint: _Endpoint) -> None:
        number = len(endpoint.instances)
        name = endpoint.record["EndpointName"]
        log = (f"/aws/sagemaker/Endpoints/{name}", f"AllTraffic/i-{int(time.time()) + number:017x}")
        base = endpoint.base / str(number)
        served = start_serving(self._runtime, endpoint.session, base, endpoint.model, log=log, environment={})
        try:
            await_ping(served)
        except RuntimeError:
            served.stop()
            raise
        endpoint.instances.append(served)
        self._store.update(endpoint.record, ProductionVariants=[_described(endpoint)])

    def invoke(self, arn: str, body: bytes, headers: Mapping[str, str]) -> tuple[bytes, str]:
        """The container's answer and its type.

        Raises:
            ApiError: ModelError when the container answered with an error, as SageMaker reports it.
        """
        if len(body) > MAX_PAYLOAD_BYTES:
            raise ApiError("ValidationError", f"Request payload is larger than {MAX_PAYLOAD_BYTES} bytes", 413)
        endpoint = self._running(arn)
        if "AsyncInferenceConfig" in endpoint.config:
            raise ApiError("ValidationError", "The endpoint is asynchronous; call InvokeEndpointAsync.")
        self._scale(endpoint)
        answer = _post(endpoint, body, headers, INVOKE_SECONDS)
        if answer.status_code != 200:
            message = f'Received client error ({answer.status_code}) from primary with message "{answer.text}".'
            raise ApiError("ModelError", message, 424)
        return answer.content, answer.headers.get("content-type", "application/json")

    def invoke_later(self, arn: str, body: bytes, headers: Mapping[str, str], place: str) -> Record:
        """Queue a request whose body is given, or is the object at ``place``; where its answer and its failure go.

        Raises:
            ApiError: the endpoint is none that answers so.
        """
        endpoint = self._running(arn)
        output = endpoint.config.get("AsyncInferenceConfig", {}).get("OutputConfig")
        if output is None:
            raise ApiError("ValidationError", "The endpoint is not asynchronous; call InvokeEndpoint.")
        inference = str(uuid.uuid4())
        answers, failures = output["S3OutputPath"], output.get("S3FailurePath", output["S3OutputPath"])
        where = {
            "InferenceId": inference,
            "OutputLocation": f"{answers.rstrip('/')}/{inference}.out",
            "FailureLocation": f"{failures.rstrip('/')}/{inference}-error.out",
        }
        context = contextvars.copy_context()
        endpoint.queue.submit(context.run, _answer_later, endpoint, body, dict(headers), place, where)
        return where

    def stop(self, arn: str) -> None:
        endpoint = self._endpoints.pop(arn, None)
        if endpoint is not None:
            endpoint.queue.shutdown(wait=False, cancel_futures=True)
            for served in endpoint.instances:
                served.stop()

    def _running(self, arn: str) -> _Endpoint:
        endpoint = self._endpoints.get(arn)
        if endpoint is None or not endpoint.running:
            raise ApiError("ModelError", NOT_RUNNING, 424)
        return endpoint

    def _scale(self, endpoint: _Endpoint) -> None:
        """Note an invocation, and start the instances that the policy asks for."""
        now = time.monotonic()
        with endpoint.lock:
            endpoint.asked.append(now)
            while endpoint.asked[0] < now - SCALING_WINDOW_SECONDS:
                endpoint.asked.popleft()
            count = len(endpoint.instances) + endpoint.starting
            more = scaling_api.wanted_instances(endpoint.record["EndpointName"], count, len(endpoint.asked)) - count
            endpoint.starting += max(0, more)
        if more > 0:
            self._store.update(endpoint.record, EndpointStatus="Updating")
            in_thread(self._grow, endpoint, more)

    def _grow(self, endpoint: _Endpoint, more: int) -> None:
        for _ in range(more):
            self._add_instance(endpoint)
            with endpoint.lock:
                endpoint.starting -= 1
        if endpoint.record["EndpointStatus"] == "Updating":
            self._store.update(endpoint.record, EndpointStatus="InService")


def _described(endpoint: _Endpoint) -> Record:
    """The variant, as DescribeEndpoint tells of it."""
    variant = endpoint.config["ProductionVariants"][0]
    if "ServerlessConfig" in variant:
        return {"VariantName": variant["VariantName"], "CurrentServerlessConfig": variant["ServerlessConfig"]}
    count = len(endpoint.instances)
    return {"VariantName": variant["VariantName"], "CurrentInstanceCount": count, "DesiredInstanceCount": count}


def _post(endpoint: _Endpoint, body: bytes, headers: Mapping[str, str], seconds: float) -> httpx.Response:
    return httpx.post(f"{endpoint.next_instance().url}/invocations", content=body, headers=headers, timeout=seconds)


def _answer_later(endpoint: _Endpoint, body: bytes, headers: Mapping[str, str], place: str, where: Record) -> None:
    """Ask the container, and write what it says, or why it says nothing."""
    s3 = endpoint.session.client("s3", endpoint_url=endpoint_url())
    target = where["FailureLocation"]
    try:
        if place:
            bucket, key = split_uri(place)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        answer = _post(endpoint, body, headers, ASYNCHRONOUS_SECONDS)
        content = answer.content
        if answer.status_code == 200:
            target = where["OutputLocation"]
        else:
            content = f"Received server error ({answer.status_code}) from model with message: {answer.text}".encode()
    except Exception as error:
        content = str(error).encode()
    bucket, key = split_uri(target)
    s3.put_object(Bucket=bucket, Key=key, Body=content)
