"""Warm pools of training jobs, as SageMaker's API tells of them: the instances themselves are only said to wait."""

from __future__ import annotations

import time

from local_aws.sagemaker_store import TRAINING, ApiError, Record, Store

SAME = ("RoleArn", "VpcConfig", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption")
SAME_RESOURCES = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")


def refuse_with_spot(request: Record) -> None:
    """Managed spot training has no warm pools (developer guide, "SageMaker AI managed warm pools")."""
    if request.get("EnableManagedSpotTraining") and _keep_alive(request):
        raise ApiError("ValidationException", "KeepAlivePeriodInSeconds is not supported for managed spot training.")


def reuse(store: Store, record: Record) -> None:
    """Let a new job have the instances of an earlier one that matches it, if there are any."""
    for other in store.all_of(TRAINING):
        refresh(store, other)
        if _status(other) == "Available" and _shape(other) == _shape(record):
            store.update(other, WarmPoolStatus=_warm("Reused", _waited(other), ReusedByJob=record["TrainingJobName"]))
            store.update(record, WarmPoolStatus={"Status": "InUse"})
            return


def kept(record: Record) -> Record:
    """What becomes of the instances of a job that ends now: fields of its record."""
    if _keep_alive(record):
        return {"WarmPoolStatus": _warm("Available", 0)}
    return {"WarmPoolStatus": _warm("Terminated", 0)} if _status(record) == "InUse" else {}


def refresh(store: Store, record: Record) -> Record:
    """The record as it is by now: time passes for what waits."""
    if _status(record) == "Available":
        waited, over = _waited(record), _keep_alive(record)
        status = _warm("Terminated", over) if waited >= over else _warm("Available", waited)
        store.update(record, WarmPoolStatus=status)
    return record


def narrowed(store: Store, records: list[Record], status: str | None) -> list[Record]:
    """The records whose warm pool has the status; all of them where none is asked for."""
    refreshed = [refresh(store, record) for record in records]
    return [record for record in refreshed if status in (None, _status(record))]


def update(store: Store, request: Record) -> Record:
    """UpdateTrainingJob, as far as it changes how long a warm pool waits."""
    if "ResourceConfig" not in request:
        raise ApiError("ValidationException", "Only the ResourceConfig of a training job can be updated here.")
    record = refresh(store, store.get(TRAINING, request["TrainingJobName"]))
    if _status(record) != "Available":
        raise ApiError("ValidationException", f"Training job {request['TrainingJobName']} has no available warm pool.")
    waited, asked = _waited(record), request["ResourceConfig"]["KeepAlivePeriodInSeconds"]
    store.update(record, ResourceConfig={**record["ResourceConfig"], "KeepAlivePeriodInSeconds": asked})
    if waited >= asked:
        store.update(record, WarmPoolStatus=_warm("Terminated", waited))
    return {"TrainingJobArn": record["TrainingJobArn"]}


def _warm(status: str, waited: int, **fields: str) -> Record:
    return {"Status": status, "ResourceRetainedBillableTimeInSeconds": waited, **fields}


def _status(record: Record) -> str:
    return str(record.get("WarmPoolStatus", {}).get("Status", ""))


def _keep_alive(record: Record) -> int:
    return int(record["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0))


def _waited(record: Record) -> int:
    return int(time.time() - record["TrainingEndTime"])


def _shape(record: Record) -> list[object]:
    """What must be the same in both jobs (developer guide, "Matching training jobs")."""
    resources = record["ResourceConfig"]
    return [*(record.get(key) for key in SAME), *(resources.get(key) for key in SAME_RESOURCES)]
