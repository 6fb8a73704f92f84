"""Which runs were taken home, recorded in the bucket: the organiser's teardown sees participants' exports, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from chitra.errors import InputError
from chitra.json_text import parse_json
from infra.names import EXPORTS_PREFIX
from workshop.aws.objects import list_objects
from workshop.aws.waiting import none_if_missing

STARTED, FINISHED, UNREADABLE = "started", "finished", "unreadable"
RECORD_BYTES = 8 * 2**20  # some ten thousand objects; no run has a thousand


class _Record(BaseModel):
    """Anybody who may write to the bucket may have written it."""

    model_config = ConfigDict(strict=True)

    state: str
    objects: dict[str, str]

    def covers(self, etags: dict[str, str]) -> bool:
        """Whether it says that all of these objects arrived."""
        return self.state == FINISHED and etags.items() <= self.objects.items()


def record_started(s3: Any, bucket: str, run: str, etags: dict[str, str], by: str = "") -> None:
    """An export of exactly these objects began. One that was finished before stays finished.

    ``by`` is the participant whose record it is, or empty: participants can write their own only.
    """
    if state_of_export(s3, bucket, run, etags) != FINISHED:
        _write(s3, bucket, _key(run, by), _Record(state=STARTED, objects=etags))


def record_finished(s3: Any, bucket: str, run: str, etags: dict[str, str], by: str = "") -> None:
    """All of them arrived, with the right checksums."""
    _write(s3, bucket, _key(run, by), _Record(state=FINISHED, objects=etags))


def state_of_export(s3: Any, bucket: str, run: str, etags: dict[str, str]) -> str:
    """``finished`` when somebody took all of these objects home, ``started`` when somebody began, ``unreadable`` when
    that cannot be told, or empty when nobody began."""
    try:
        records = list(_records(s3, bucket, run))
    except ClientError:
        return UNREADABLE
    if any(record and record.covers(etags) for record in records):
        return FINISHED
    return UNREADABLE if None in records else STARTED if records else ""


def _records(s3: Any, bucket: str, run: str) -> Iterator[_Record | None]:
    """Everybody's of one run; None for one that cannot be read."""
    for key in [entry["Key"] for entry in list_objects(s3, bucket, EXPORTS_PREFIX)]:
        folder, slash, _ = key.removeprefix(EXPORTS_PREFIX).partition("/")
        by = folder if slash else ""
        answer = none_if_missing(partial(s3.get_object, Bucket=bucket, Key=key)) if key == _key(run, by) else None
        if answer:
            yield _read(answer["Body"].read(RECORD_BYTES + 1), key)


def _read(content: bytes, key: str) -> _Record | None:
    if len(content) > RECORD_BYTES:
        return None
    try:
        return _Record.model_validate(parse_json(content, key))
    except (InputError, ValidationError):
        return None


def _write(s3: Any, bucket: str, key: str, record: _Record) -> None:
    body = json.dumps(record.model_dump(), sort_keys=True).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def _key(run: str, by: str) -> str:
    return f"{EXPORTS_PREFIX}{by}/{run}.json" if by else f"{EXPORTS_PREFIX}{run}.json"
