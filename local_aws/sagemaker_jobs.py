"""Really runs processing and training jobs by SageMaker's container contract."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chitra.inside import inside
from local_aws import recording
from local_aws.container import Container
from local_aws.job_network import NO_NETWORK
from local_aws.log_stream import LogStream
from local_aws.metrics import Metrics
from local_aws.ports import endpoint_url
from local_aws.role_session import service_session
from local_aws.runtime import OPT_ML, Runtime
from local_aws.sagemaker_store import PROCESSING, TRAINING, Record, Store, StoredKind
from local_aws.threads import in_thread
from local_aws.transfer import download_prefix, upload_archive, upload_folder
from local_aws.warm_pools import kept

POLL_SECONDS = 0.2
FIRST_HOST = "algo-1"
DEFAULT_SECONDS = 86_400  # of a job that asks for no limit (SageMaker's API reference, StoppingCondition)
MESSAGE_CHARACTERS = 1024  # as many as SageMaker shows of an exit message (DescribeProcessingJob)


class JobFailedError(Exception):
    """Why a job failed, in SageMaker's words."""


class JobRunner:
    """Runs each job in a thread of its own; the store's record tells how it goes."""

    def __init__(self, store: Store, runtime: Runtime, work: Path) -> None:
        self._store = store
        self._runtime = runtime
        self._work = work

    def start(self, kind: StoredKind, record: Record, region: str) -> None:
        """Begin the job of a record that was just created. The caller's scope goes with it."""
        run = self._process if kind is PROCESSING else self._train
        in_thread(lambda: self._run(kind, record, region, run))

    def _run(self, kind: StoredKind, record: Record, region: str, run: Callable[[Record, Any, Path], None]) -> None:
        session = service_session(record["RoleArn"], region=region)
        recording.runs_image(record["RoleArn"], image_of(record), f"{kind.noun}s")
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
        cluster = record["ProcessingResources"]["ClusterConfig"]
        instances = {host: base / host for host in _hosts(cluster)}
        outputs = record.get("ProcessingOutputConfig", {}).get("Outputs", [])
        for number, (host, place) in enumerate(instances.items()):
            for given in record.get("ProcessingInputs", []):
                _download_input(s3, given["S3Input"], place, number, len(instances))
            _write_json(place / "config/resourceconfig.json", _resource_config(cluster, host, self._runtime.interface))
            for output in outputs:
                _local(place, output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        application = record["AppSpecification"]
        arguments = _arguments(application, [])
        self._store.update(record, ProcessingStartTime=time.time())
        codes = self._run_containers(PROCESSING, record, session, instances, arguments)
        failed = next((host for host, code in codes.items() if code), None)
        if message := _said(instances[failed or FIRST_HOST], "message"):
            self._store.update(record, ExitMessage=message)
        if failed:
            raise JobFailedError(f"AlgorithmError: See job logs for more information, exit code: {codes[failed]}")
        stopped = None in codes.values()
        if not stopped:
            for place in instances.values():
                for output in outputs:
                    upload_folder(s3, _local(place, output["S3Output"]["LocalPath"]), output["S3Output"]["S3Uri"])
        status = "Stopped" if stopped else "Completed"
        self._store.update(record, ProcessingJobStatus=status, **_end_times(PROCESSING, record))

    def _train(self, record: Record, session: Any, base: Path) -> None:
        s3 = session.client("s3", endpoint_url=endpoint_url())
        self._store.update(record, SecondaryStatus="Downloading", TrainingStartTime=time.time())
        instances = {host: base / host for host in _hosts(record["ResourceConfig"])}
        for number, (host, place) in enumerate(instances.items()):
            self._lay_out(s3, record, place, host, number)
        self._store.update(record, SecondaryStatus="Training")
        arguments = _arguments(record["AlgorithmSpecification"], ["train"])
        codes = self._run_containers(TRAINING, record, session, instances, arguments)
        if failed := next((host for host, code in codes.items() if code), None):
            said = filter(None, (_said(instances[host], "failure") for host in (failed, *instances)))
            detail = next(said, "no /opt/ml/output/failure was written")
            raise JobFailedError(f"AlgorithmError: {detail}, exit code: {codes[failed]}")
        self._store.update(record, SecondaryStatus="Uploading")
        destination = f"{record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{record['TrainingJobName']}/output"
        model, first = f"{destination}/model.tar.gz", instances[FIRST_HOST]
        if upload_archive(s3, inside(first, "model"), model, base / "model.tar.gz"):
            self._store.update(record, ModelArtifacts={"S3ModelArtifacts": model})
        upload_archive(s3, inside(first, "output/data"), f"{destination}/output.tar.gz", base / "output.tar.gz")
        if checkpoints := _checkpoints(record):
            for place in instances.values():
                upload_folder(s3, inside(place, "checkpoints"), checkpoints)
        status = "Stopped" if None in codes.values() else "Completed"
        self._store.update(record, TrainingJobStatus=status, SecondaryStatus=status, **_end_times(TRAINING, record))

    def _lay_out(self, s3: Any, record: Record, place: Path, host: str, number: int) -> None:
        """What a training's instance finds in its /opt/ml."""
        cluster = record["ResourceConfig"]
        for channel in record.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            share = _share(source, number, len(_hosts(cluster)))
            if (
                download_prefix(s3, source["S3Uri"], inside(place, "input/data", channel["ChannelName"]), share=share)
                == 0
            ):
                raise JobFailedError(f"ClientError: No S3 objects found under S3 URL {source['S3Uri']!r}")
        if checkpoints := _checkpoints(record):
            download_prefix(s3, checkpoints, place / "checkpoints")
        config = place / "input/config"
        _write_json(config / "hyperparameters.json", record.get("HyperParameters", {}))
        _write_json(config / "resourceconfig.json", _resource_config(cluster, host, self._runtime.interface))
        channels = {
            channel["ChannelName"]: {"TrainingInputMode": "File"} for channel in record.get("InputDataConfig", [])
        }
        _write_json(config / "inputdataconfig.json", channels)
        for folder in ("model", "output/data"):
            (place / folder).mkdir(parents=True, exist_ok=True)

    def _run_containers(
        self, kind: StoredKind, record: Record, session: Any, instances: dict[str, Path], arguments: list[str]
    ) -> dict[str, int | None]:
        """Each host's exit code; None for all when the job was stopped, by request or at its longest run time.

        One host's failure ends the others, whose codes are 0 then.
        """
        logs = session.client("logs", endpoint_url=endpoint_url())
        name = record[kind.name_key]
        streams, containers = list[LogStream](), dict[str, Container]()
        metrics = Metrics(self._store, record) if kind is TRAINING else None
        deadline = time.monotonic() + record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DEFAULT_SECONDS)
        network = self._runtime.network(name) if kind is TRAINING and len(instances) > 1 else NO_NETWORK
        try:
            network.create()
            for host, base in instances.items():
                where = f"{name}/{host}-{int(record['CreationTime'])}"
                streams.append(LogStream(logs, f"/aws/sagemaker/{kind.noun}s", where))
                containers[host] = Container(
                    self._runtime,
                    arguments,
                    image=image_of(record),
                    base=base,
                    environment={kind.name_key.upper(): name, **network.variables, **record.get("Environment", {})},
                    on_line=_readers(streams[-1], metrics),
                    network=network.options(host),
                )
            codes: dict[str, int | None] = {}
            while len(codes) < len(containers) and not any(codes.values()):
                for host in [host for host in containers if host not in codes]:
                    if (code := containers[host].wait(POLL_SECONDS)) is not None:
                        codes[host] = code
                if record[kind.status_key] == "Stopping" or time.monotonic() > deadline:
                    return dict.fromkeys(containers)
            return {host: codes.get(host, 0) for host in containers}
        finally:
            for container in containers.values():
                if container.running:
                    container.stop()
            network.remove()
            for stream in streams:
                stream.close()


def _readers(stream: LogStream, metrics: Metrics | None) -> Callable[[str], None]:
    """Of what a container prints."""

    def read(line: str) -> None:
        stream.write(line)
        if metrics:
            metrics.read(line)

    return read


def image_of(request: Record) -> str:
    """The image that a processing or training job asks for."""
    application = request.get("AppSpecification", {})
    return str(application.get("ImageUri") or request["AlgorithmSpecification"]["TrainingImage"])


def _arguments(application: Record, entrypoint: list[str]) -> list[str]:
    """What a container executes; ``entrypoint`` where the request names none."""
    return [*application.get("ContainerEntrypoint", entrypoint), *application.get("ContainerArguments", [])]


def _local(base: Path, container_path: str) -> Path:
    """Where a path in the container is on this machine.

    Raises:
        ValueError: it is not below /opt/ml.
    """
    return inside(base, Path(container_path).relative_to(OPT_ML).as_posix())


def _said(base: Path, name: str) -> str:
    """What a job wrote to a file below ``output``; not what a link of that name leads to."""
    file = base / "output" / name
    if not file.is_file() or file.is_symlink() or file.parent.is_symlink():
        return ""
    return file.read_text(encoding="utf-8", errors="replace")[:MESSAGE_CHARACTERS]


def _download_input(s3: Any, given: Record, base: Path, number: int, instances: int) -> None:
    """What instance ``number`` sees of an input."""
    share = _share(given, number, instances)
    if download_prefix(s3, given["S3Uri"], _local(base, given["LocalPath"]), share=share) == 0:
        raise JobFailedError(f"ClientError: No S3 objects found under S3 URL {given['S3Uri']!r}")


def _share(source: Record, number: int, instances: int) -> tuple[int, int]:
    """Which of how many shares of its objects an instance gets."""
    return (number, instances) if source.get("S3DataDistributionType") == "ShardedByS3Key" else (0, 1)


def _checkpoints(record: Record) -> str:
    return str(record.get("CheckpointConfig", {}).get("S3Uri", ""))


def _hosts(cluster: Record) -> list[str]:
    return [f"algo-{number}" for number in range(1, cluster.get("InstanceCount", 1) + 1)]


def _resource_config(cluster: Record, host: str, interface: str) -> Record:
    return {
        "current_host": host,
        "hosts": _hosts(cluster),
        "current_instance_type": "local",  # as SageMaker's own local mode: no GPU is to be expected
        "network_interface_name": interface,
    }


def _end_times(kind: StoredKind, record: Record) -> Record:
    now = time.time()
    if kind is PROCESSING:
        return {"ProcessingEndTime": now}
    seconds = int(now - record.get("TrainingStartTime", now))
    times = {"TrainingEndTime": now, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    return times | kept(record)


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")
