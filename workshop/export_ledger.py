"""Which runs were taken home, recorded in the bucket: the organiser's teardown sees participants' exports, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from infra.names import EXPORTS_PREFIX
from workshop.belongings.waiting import found

STARTED, FINISHED = "started", "finished"
ORGANISER = "organiser"  # no user of a participant is called so: their names begin with the workshop's


def record_started(s3: Any, bucket: str, run: str, etags: dict[str, str], by: str = ORGANISER) -> None:
    """An export of exactly these objects began. One that was finished before stays finished.

    ``by`` is the user whose record it is: participants can write their own only.
    """
    if state_of_export(s3, bucket, run, etags) != FINISHED:
        _record(s3, bucket, _key(run, by), STARTED, etags)


def record_finished(s3: Any, bucket: str, run: str, etags: dict[str, str], by: str = ORGANISER) -> None:
    """All of them arrived, with the right checksums."""
    _record(s3, bucket, _key(run, by), FINISHED, etags)


def state_of_export(s3: Any, bucket: str, run: str, etags: dict[str, str]) -> str:
    """``finished`` when somebody took all of these objects home, ``started``, or empty when nobody began."""
    records = list(_records(s3, bucket, run))
    whole = [record["objects"].items() for record in records if record["state"] == FINISHED]
    if any(all(item in arrived for item in etags.items()) for arrived in whole):
        return FINISHED
    return STARTED if records else ""


def _records(s3: Any, bucket: str, run: str) -> Iterator[dict[str, Any]]:
    """Everybody's of one run."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=EXPORTS_PREFIX)
    for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
        by = key.removeprefix(EXPORTS_PREFIX).partition("/")[0]
        answer = found(lambda key=key: s3.get_object(Bucket=bucket, Key=key)) if key == _key(run, by) else None  # type: ignore[misc]
        if answer:
            yield json.loads(answer["Body"].read())


def _record(s3: Any, bucket: str, key: str, state: str, etags: dict[str, str]) -> None:
    body = json.dumps({"state": state, "objects": etags}, sort_keys=True).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def _key(run: str, by: str) -> str:
    return f"{EXPORTS_PREFIX}{by}/{run}.json"
