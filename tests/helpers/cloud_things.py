"""What stands in an account in memory, and how it is found."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACCOUNT = "123456789012"
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
ENABLED = ("ap-northeast-1", "eu-west-1", "us-west-2")
JOB_LOGS = {"processing-job": "ProcessingJobs", "training-job": "TrainingJobs", "transform-job": "TransformJobs"}

Record = dict[str, Any]


class RefusalError(Exception):
    """An error answer: code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


@dataclass
class Things:
    """``things`` maps (kind, region, name) to a record. What takes time takes ``looks`` descriptions.

    ``late_logs`` are log groups that come back once, after their writer is gone.
    """

    things: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    enabled: tuple[str, ...] = ENABLED
    looks: int = 1
    late_logs: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def add(self, kind: str, region: str, name: str, **record: Any) -> Record:
        return self.things.setdefault((kind, region, name), {"tags": {}, **record})

    def get(self, kind: str, region: str, name: str, code: str = "", message: str = "") -> Record:
        record = self.things.get((kind, region, name))
        if record is None:
            raise RefusalError(code or "ResourceNotFoundException", message or f"{name} not found")
        return record

    def named(self, kind: str, region: str) -> list[tuple[str, Record]]:
        return [(key[2], record) for key, record in sorted(self.things.items()) if key[:2] == (kind, region)]

    def drop(self, kind: str, region: str, name: str) -> None:
        self.things.pop((kind, region, name), None)

    def snapshot(self) -> dict[tuple[str, str, str], Record]:
        return copy.deepcopy(self.things)


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
