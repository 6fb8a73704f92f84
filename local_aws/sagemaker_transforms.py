"""Really runs batch transform jobs: the model's container started, asked for every object below the input, its answers
written beside one another as ``<object>.out``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from local_aws.batches import BadDataError, Plan, assembled, requests_of
from local_aws.log_stream import LogStream
from local_aws.ports import endpoint_url
from local_aws.role_session import service_session
from local_aws.runtime import Runtime
from local_aws.sagemaker_store import MODEL, Record, Store
from local_aws.serving import Served, await_ping, start_serving
from local_aws.threads import in_thread
from local_aws.transfer import split_uri

LOG_GROUP = "/aws/sagemaker/TransformJobs"
# Of a job that names none (SageMaker's API reference, ModelClientConfig).
TIMEOUT_SECONDS = 600
RETRIES = 3
RETRY_PAUSE_SECONDS = 1.0


class JobStoppedError(Exception):
    """Somebody stopped the job."""


class TransformRunner:
    """Runs each job in a thread of its own, and all of its instances as one container."""

    def __init__(self, store: Store, runtime: Runtime, work: Path) -> None:
        self._store, self._runtime, self._work = store, runtime, work

    def start(self, record: Record, region: str) -> None:
        """Begin the job of a record that was just created. The caller's scope goes with it."""
        in_thread(self._run, record, region)

    def _run(self, record: Record, region: str) -> None:
        status, reason = "Failed", ""
        try:
            self._transform(record, region)
            status = "Completed"
        except JobStoppedError:
            status = "Stopped"
        except BadDataError as error:
            reason = f"ClientError: {error}"
        except Exception as error:
            reason = f"AlgorithmError: {error}"
        failure = {"FailureReason": reason[:1024]} if reason else {}
        self._store.update(record, TransformJobStatus=status, TransformEndTime=time.time(), **failure)

    def _transform(self, record: Record, region: str) -> None:
        name = record["TransformJobName"]
        model = self._store.get(MODEL, record["ModelName"])
        session = service_session(model["ExecutionRoleArn"], region=region)
        s3 = session.client("s3", endpoint_url=endpoint_url())
        keys = list(_objects(s3, record))
        stream = f"{name}/i-{int(time.time()):017x}"
        base = self._work / "transform-job" / name
        served = start_serving(
            self._runtime, session, base, model, log=(LOG_GROUP, stream), environment=_environment(record)
        )
        data_log = LogStream(session.client("logs", endpoint_url=endpoint_url()), LOG_GROUP, f"{stream}/data-log")
        try:
            await_ping(served, lambda: _is_wanted(record))
            self._store.update(record, TransformStartTime=time.time())
            plan = Plan.of(record, _parameters(served))
            failed = ""
            for bucket, key, rest in keys:
                try:
                    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
                    answer = b"".join(_answers(served, record, content, plan))
                except BadDataError as error:
                    data_log.write(f"[sagemaker logs]: {bucket}/{key}: {error}")
                    failed = failed or f"{bucket}/{key}: {error}"
                    continue
                target, prefix = split_uri(record["TransformOutput"]["S3OutputPath"])
                s3.put_object(Bucket=target, Key=f"{prefix.rstrip('/')}/{rest}.out".lstrip("/"), Body=answer)
            if failed:
                raise BadDataError(failed)
        finally:
            served.stop()
            data_log.close()


def _is_wanted(record: Record) -> bool:
    return bool(record["TransformJobStatus"] != "Stopping")


def _objects(s3: Any, record: Record) -> Iterator[tuple[str, str, str]]:
    """Bucket, key and what of the key comes behind the prefix, of each object below the input.

    Raises:
        BadDataError: there is none.
    """
    uri = record["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = split_uri(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [each["Key"] for page in pages for each in page.get("Contents", []) if not each["Key"].endswith("/")]
    if not keys:
        raise BadDataError(f"No S3 objects found under S3 URL {uri!r}")
    folder = prefix.rpartition("/")[0]
    return ((bucket, key, key[len(folder) :].lstrip("/")) for key in keys)


def _environment(record: Record) -> dict[str, str]:
    """What the container is told, beside the variables of the request (developer guide, "Custom Inference Code with
    Batch Transform")."""
    known = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": record.get("MaxPayloadInMB"),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": record.get("MaxConcurrentTransforms"),
        "SAGEMAKER_BATCH_STRATEGY": {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}.get(
            record.get("BatchStrategy", "")
        ),
    }
    given = {key: str(value) for key, value in known.items() if value is not None}
    return {**record.get("Environment", {}), "SAGEMAKER_BATCH": "true", **given}


def _parameters(served: Served) -> Record:
    """What the container asks for at /execution-parameters; nothing where it has no such page."""
    try:
        answer = httpx.get(f"{served.url}/execution-parameters", timeout=10)
        parameters = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return {}
    return parameters if isinstance(parameters, dict) else {}


def _answers(served: Served, record: Record, content: bytes, plan: Plan) -> list[bytes]:
    """What the output gets of each request of an object, in its order."""
    bodies = list(requests_of(content, plan))
    with ThreadPoolExecutor(plan.at_once) as pool:
        answers = list(pool.map(lambda body: _ask(served, record, body), bodies))
    return [assembled(body, answer, plan) for body, answer in zip(bodies, answers, strict=True)]


def _ask(served: Served, record: Record, body: bytes) -> bytes:
    """One request, made again where the container is too busy or fails.

    Raises:
        BadDataError: it refused the request, or failed each time.
        JobStoppedError: the job is being stopped.
    """
    client = record.get("ModelClientConfig", {})
    headers = {"Content-Type": record["TransformInput"].get("ContentType", "")}
    headers["Accept"] = record["TransformOutput"].get("Accept", "*/*")
    said = ""
    for number in range(client.get("InvocationsMaxRetries", RETRIES) + 1):
        if not _is_wanted(record):
            raise JobStoppedError
        if number:
            time.sleep(RETRY_PAUSE_SECONDS)
        try:
            answer = httpx.post(
                f"{served.url}/invocations",
                content=body,
                headers=headers,
                timeout=client.get("InvocationsTimeoutInSeconds", TIMEOUT_SECONDS),
            )
        except httpx.HTTPError as error:
            said = f"Model server did not respond to /invocations request ({error})"
            continue
        if answer.status_code == 200:
            return answer.content
        said = f"Bad HTTP status received from algorithm: {answer.status_code}: {answer.text[:500]}"
        if answer.status_code < 500:
            break
    raise BadDataError(said)
