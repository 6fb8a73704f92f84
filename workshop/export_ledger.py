"""Which runs were taken home, recorded in the bucket: the organiser's teardown sees participants' exports, too."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.names import EXPORTS_PREFIX
from preprocessing.errors import InputError
from preprocessing.json_text import parse_json
from workshop.belongings.waiting import found

STARTED, FINISHED, UNREADABLE = "started", "finished", "unreadable"
RECORD_BYTES = 8 * 2**20  # some ten thousand objects; no run has a thousand


class _Record(BaseModel):
    """Anybody who may write to the bucket may have written it."""

    model_config = ConfigDict(strict=True)

    state: str
    objects: dict[str, str]


def record_started(s3: Any, bucket: str, run: str, etags: dict[str, str]) -> None:
    """An export of exactly these objects began. One that was finished before stays finished."""
    if state_of_export(s3, bucket, run, etags) != FINISHED:
        _record(s3, bucket, run, STARTED, etags)


def record_finished(s3: Any, bucket: str, run: str, etags: dict[str, str]) -> None:
    """All of them arrived, with the right checksums."""
    _record(s3, bucket, run, FINISHED, etags)


def state_of_export(s3: Any, bucket: str, run: str, etags: dict[str, str]) -> str:
    """``finished`` when all of these objects were, ``started``, ``unreadable``, or empty when nobody began."""
    try:
        answer = found(lambda: s3.get_object(Bucket=bucket, Key=_key(run)))
        if answer is None:
            return ""
        content = answer["Body"].read(RECORD_BYTES + 1)
        if len(content) > RECORD_BYTES:
            return UNREADABLE
        record = _Record.model_validate(parse_json(content, _key(run)))
    except (ClientError, InputError, ValidationError):
        return UNREADABLE
    arrived = record.objects.items() if record.state == FINISHED else ()
    return FINISHED if all(item in arrived for item in etags.items()) else STARTED


def _record(s3: Any, bucket: str, run: str, state: str, etags: dict[str, str]) -> None:
    body = json.dumps({"state": state, "objects": etags}, sort_keys=True).encode()
    s3.put_object(Bucket=bucket, Key=_key(run), Body=body, ContentType="application/json")


def _key(run: str) -> str:
    return f"{EXPORTS_PREFIX}{run}.json"
