"""What the local SageMaker remembers: one record per resource, kept per account and region."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_aws.role_session import scope
from local_aws.validation import service_model

Record = dict[str, Any]
Check = Callable[[list[Record]], None]


class ApiError(Exception):
    """An error answer of the service."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class StoredKind:
    """A kind of resource and how the API calls it."""

    resource: str  # in ARNs
    noun: str  # in operations: Create<noun>, Describe<noun>, List<nouns>

    @property
    def name_key(self) -> str:
        return f"{self.noun}Name"

    @property
    def arn_key(self) -> str:
        return f"{self.noun}Arn"

    @property
    def status_key(self) -> str:
        return f"{self.noun}Status"


PROCESSING = StoredKind("processing-job", "ProcessingJob")
TRAINING = StoredKind("training-job", "TrainingJob")
MODEL = StoredKind("model", "Model")
ENDPOINT_CONFIG = StoredKind("endpoint-config", "EndpointConfig")
ENDPOINT = StoredKind("endpoint", "Endpoint")
TUNING = StoredKind("hyper-parameter-tuning-job", "HyperParameterTuningJob")
TRANSFORM = StoredKind("transform-job", "TransformJob")
KINDS = (PROCESSING, TRAINING, TUNING, TRANSFORM, MODEL, ENDPOINT_CONFIG, ENDPOINT)


@dataclass(slots=True)
class Store:
    """Thread-safe records; every method works in the scope of the request being served."""

    _records: dict[tuple[str, str, str], dict[str, Record]] = field(default_factory=dict)
    _tags: dict[str, dict[str, str]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(
        self,
        kind: StoredKind,
        request: Record,
        *,
        check: Callable[[list[Record]], None] = lambda records: None,
        **fields: Any,
    ) -> Record:
        """A record that holds the request, its ARN and times; ``check`` may refuse it, seeing those that are there."""
        name = request[kind.name_key]
        with self._lock:
            records = self._of(kind)
            check(list(records.values()))
            if name in records:
                raise _taken(kind, name)
            now = time.time()
            record = {**request, kind.arn_key: arn(kind, name), "CreationTime": now, "LastModifiedTime": now}
            _set(record, fields, now)
            tags = record.pop("Tags", [])
            self._tags[record[kind.arn_key]] = {tag["Key"]: tag["Value"] for tag in tags}
            records[name] = record
            return record

    def get(self, kind: StoredKind, name: str) -> Record:
        with self._lock:
            record = self._of(kind).get(name)
        if record is None:
            raise ApiError("ValidationException", f'Could not find {kind.resource} "{arn(kind, name)}".')
        return record

    def update(self, record: Record, **fields: Any) -> None:
        with self._lock:
            _set(record, fields, time.time())

    def delete(self, kind: StoredKind, name: str) -> None:
        record = self.get(kind, name)
        with self._lock:
            self._of(kind).pop(name, None)
            self._tags.pop(record[kind.arn_key], None)

    def all_of(self, kind: StoredKind) -> list[Record]:
        with self._lock:
            return sorted(self._of(kind).values(), key=lambda record: record["CreationTime"], reverse=True)

    def tagged(self) -> list[tuple[str, dict[str, str]]]:
        """ARN and tags of everything in the scope of the request."""
        account, region = scope()
        prefix = f"arn:aws:sagemaker:{region}:{account}:"
        with self._lock:
            return [(name, dict(tags)) for name, tags in self._tags.items() if name.startswith(prefix)]

    def tags(self, resource_arn: str) -> dict[str, str]:
        with self._lock:
            if resource_arn not in self._tags:
                raise ApiError("ValidationException", f"Could not find resource {resource_arn}.")
            return self._tags[resource_arn]

    def describe(self, kind: StoredKind, name: str) -> Record:
        """The record, cut to what the API's answer holds."""
        members = service_model("sagemaker").operation_model(f"Describe{kind.noun}").output_shape.members
        with self._lock:
            return {key: value for key, value in self.get(kind, name).items() if key in members}

    def _of(self, kind: StoredKind) -> dict[str, Record]:
        account, region = scope()
        return self._records.setdefault((account, region, kind.noun), {})


def arn(kind: StoredKind, name: str) -> str:
    account, region = scope()
    return f"arn:aws:sagemaker:{region}:{account}:{kind.resource}/{name}"


def _set(record: Record, fields: Record, now: float) -> None:
    """A change of the secondary status ends the one before (DescribeTrainingJob, SecondaryStatusTransitions)."""
    status = fields.get("SecondaryStatus")
    if status and status != record.get("SecondaryStatus"):
        earlier = record.get("SecondaryStatusTransitions", [])
        ended = [*earlier[:-1], {**earlier[-1], "EndTime": now}] if earlier else []
        record["SecondaryStatusTransitions"] = [*ended, {"Status": status, "StartTime": now}]
    record.update(fields, LastModifiedTime=now)


def _taken(kind: StoredKind, name: str) -> ApiError:
    """As SageMaker refuses names; those of jobs are never free again."""
    if kind in (PROCESSING, TRAINING, TUNING, TRANSFORM):
        text = "Job name must be unique within an AWS account and region, and a job with this name already exists"
        return ApiError("ResourceInUse", f"{text} ({arn(kind, name)})")
    return ApiError("ValidationException", f'Cannot create already existing {kind.resource} "{arn(kind, name)}".')
