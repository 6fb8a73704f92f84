"""Really runs processing and training jobs by SageMaker's container contract."""

from __future__ import annotations

import contextvars
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.container import Container
from rehearsal.endpoint import endpoint_url
from rehearsal.log_stream import LogStream
from rehearsal.role_session import service_session
from rehearsal.runtime import OPT_ML, Runtime
from rehearsal.sagemaker_store import PROCESSING, TRAINING, Kind, Record, Store
from rehearsal.transfer import download_prefix, upload_archive, upload_folder

POLL_SECONDS = 0.2
HOST = "algo-1"


class JobFailedError(Exception):
    """Why a job failed, in SageMaker's words."""


class JobRunner:
    """Runs each job in a thread of its own; the store's record tells how it goes."""

    def __init__(self, store: Store, runtime: Runtime, work: Path) -> None:
        self._store = store
        self._runtime = runtime
        self._work = work

    def start(self, kind: Kind, record: Record, region: str) -> None:
        """Begin the job of a record that was just created. The caller's scope goes with it."""
        run = self._process if kind is PROCESSING else self._train
        _in_thread(lambda: self._run(kind, record, region, run))

    def _run(self, kind: Kind, record: Record, region: str, run: Callable[[Record, Any, Path], None]) -> None:
        session = service_session(record["RoleArn"], region=region)
        base = self._work / kind.resource / record[kind.name_key]
        try:
            base.mkdir(parents=True)
            run(record, session, base)
        except Exception as error:
            reason = str(error) if isinstance(error, JobFailedError) else f"ClientError: {error}"
            secondary = {"SecondaryStatus": "Failed"} if kind is TRAINING else {}
            failed = {kind.status_key: "Failed", "FailureReason": reason[:1024], **secondary}
            self._store.update(record, **failed, **_end_times(kind, record))
        finally:
            shutil.rmtree(base, ignore_errors=True)

    def _process(self, record: Record, session: Any, base: Path) -> None:
        s3 = session.client("s3", endpoint_url=endpoint_url())
        for given in record.get("ProcessingInputs", []):
            source = given["S3Input"]
            if download_prefix(s3, source["S3Uri"], _local(base, source["LocalPath"])) == 0:
                raise JobFailedError(f"ClientError: No S3 objects found under S3 URL {source['S3Uri']!r}")
        cluster = record["ProcessingResources"]["ClusterConfig"]
        _write_json(base / "config/resourceconfig.json", _resource_config(cluster))
        outputs = record.get("ProcessingOutputConfig", {}).get("Outputs", [])
        for output in outputs:
            _local(base, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        application = record["AppSpecification"]
        arguments = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
        self._store.update(record, ProcessingStartTime=time.time())
        code = self._run_container(PROCESSING, record, session, base, arguments)
        message = base / "output/message"
        if message.exists():
            self._store.update(record, ExitMessage=message.read_text(encoding="utf-8"))
        if code not in (0, None):
            raise JobFailedError(f"AlgorithmError: See job logs for more information, exit code: {code}")
        if code is not None:
            for output in outputs:
                upload_folder(s3, _local(base, output["S3Output"]["LocalPath"]), output["S3Output"]["S3Uri"])
        status = "Stopped" if code is None else "Completed"
        self._store.update(record, ProcessingJobStatus=status, **_end_times(PROCESSING, record))

    def _train(self, record: Record, session: Any, base: Path) -> None:
        s3 = session.client("s3", endpoint_url=endpoint_url())
        self._store.update(record, SecondaryStatus="Downloading", TrainingStartTime=time.time())
        for channel in record.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]["S3Uri"]
            if download_prefix(s3, source, base / "input/data" / channel["ChannelName"]) == 0:
                raise JobFailedError(f"ClientError: No S3 objects found under S3 URL {source!r}")
        checkpoints = record.get("CheckpointConfig", {}).get("S3Uri")
        if checkpoints:
            download_prefix(s3, checkpoints, base / "checkpoints")
        _write_json(base / "input/config/hyperparameters.json", record.get("HyperParameters", {}))
        _write_json(base / "input/config/resourceconfig.json", _resource_config(record["ResourceConfig"]))
        channels = {
            channel["ChannelName"]: {"TrainingInputMode": "File"} for channel in record.get("InputDataConfig", [])
        }
        _write_json(base / "input/config/inputdataconfig.json", channels)
        for folder in ("model", "output/data"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        self._store.update(record, SecondaryStatus="Training")
        code = self._run_container(TRAINING, record, session, base, ["train"])
        failure = base / "output/failure"
        if code not in (0, None):
            detail = (
                failure.read_text(encoding="utf-8") if failure.exists() else "no /opt/ml/output/failure was written"
            )
            raise JobFailedError(f"AlgorithmError: {detail}, exit code: {code}")
        self._store.update(record, SecondaryStatus="Uploading")
        destination = f"{record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
        model = f"{destination}/model.tar.gz"
        if upload_archive(s3, base / "model", model, base / "model.tar.gz"):
            self._store.update(record, ModelArtifacts={"S3ModelArtifacts": model})
        upload_archive(s3, base / "output/data", f"{destination}/output.tar.gz", base / "output.tar.gz")
        if checkpoints:
            upload_folder(s3, base / "checkpoints", checkpoints)
        status = "Stopped" if code is None else "Completed"
        self._store.update(record, TrainingJobStatus=status, SecondaryStatus=status, **_end_times(TRAINING, record))

    def _run_container(self, kind: Kind, record: Record, session: Any, base: Path, arguments: list[str]) -> int | None:
        """The exit code; None when the job was stopped, by request or at its longest run time."""
        name = record[kind.name_key]
        logs = session.client("logs", endpoint_url=endpoint_url())
        stream = LogStream(logs, f"/aws/sagemaker/{kind.noun}s", f"{name}/{HOST}-{int(record['CreationTime'])}")
        container = Container(
            self._runtime,
            arguments,
            image=image_of(record),
            base=base,
            environment={kind.name_key.upper(): name, **record.get("Environment", {})},
            on_line=stream.write,
        )
        deadline = time.monotonic() + record["StoppingCondition"]["MaxRuntimeInSeconds"]
        try:
            while (code := container.wait(POLL_SECONDS)) is None:
                if record[kind.status_key] == "Stopping" or time.monotonic() > deadline:
                    container.stop()
                    return None
            return code
        finally:
            stream.close()


def image_of(request: Record) -> str:
    """The image that a processing or training job asks for."""
    application = request.get("AppSpecification", {})
    return str(application.get("ImageUri") or request["AlgorithmSpecification"]["TrainingImage"])


def _in_thread(run: Callable[[], None]) -> None:
    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()


def _local(base: Path, container_path: str) -> Path:
    return base / Path(container_path).relative_to(OPT_ML)


def _resource_config(cluster: Record) -> Record:
    return {
        "current_host": HOST,
        "hosts": [f"algo-{i + 1}" for i in range(cluster.get("InstanceCount", 1))],
        "current_instance_type": "local",  # as SageMaker's own local mode: no GPU is to be expected
        "network_interface_name": "lo",
    }


def _end_times(kind: Kind, record: Record) -> Record:
    now = time.time()
    if kind is PROCESSING:
        return {"ProcessingEndTime": now}
    seconds = int(now - record.get("TrainingStartTime", now))
    return {"TrainingEndTime": now, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
