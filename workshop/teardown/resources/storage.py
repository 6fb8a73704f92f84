"""The bucket's contents, and the templates that `cdk deploy` staged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError
from rich.filesize import decimal

from infra.names import EXPORTS_PREFIX, bootstrap_bucket
from workshop.aws.advice import advice
from workshop.aws.waiting import Pace, StillThereError, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource
from workshop.teardown.resources.stacks import is_own, stack_exists

CONTENTS = "contents of bucket"
T = TypeVar("T")
# XML 1.0, 2.2: what no document can hold, so that a list of keys to delete cannot name them.
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PAGE = 1000  # of objects; also the most that one deletion takes


def list_bucket(place: Place) -> Iterator[Finding]:
    """What the bucket holds, in every version; the bucket itself goes with its stack, or alone when that is gone."""
    s3 = place.client("s3")
    bucket = place.names.bucket(place.account.number, place.region)
    if none_if_missing(partial(s3.head_bucket, Bucket=bucket)) is None:
        return
    tags = none_if_missing(partial(s3.get_bucket_tagging, Bucket=bucket))
    if not is_own(place, tags["TagSet"] if tags else [], place.names.foundation_stack, bucket):
        yield Lookalike("bucket", bucket, place.region)
        return
    contents = _contents(s3, bucket)
    if contents:
        remove = partial(_empty, s3, bucket, "")
        yield Resource(Topic.DATA, CONTENTS, bucket, place.region, remove, contents)
    if not stack_exists(place, place.names.foundation_stack):
        yield Resource(Topic.DATA, "bucket", bucket, place.region, partial(_delete_bucket, s3, bucket))


def list_templates(place: Place) -> Iterator[Finding]:
    """Every version under the workshop's prefix of the bootstrap bucket."""
    s3 = place.client("s3")
    bucket, prefix = bootstrap_bucket(place.account.number, place.region), place.names.staging_prefix
    contents = none_if_missing(partial(_contents, s3, bucket, prefix))
    if contents:
        remove = partial(_empty, s3, bucket, prefix)
        yield Resource(Topic.STAGED, "staged templates", f"{bucket}/{prefix}", place.region, remove, contents)


def _versions(s3: Any, bucket: str, prefix: str) -> Iterator[list[dict[str, Any]]]:
    pages = s3.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": PAGE}):
        yield [*page.get("Versions", []), *page.get("DeleteMarkers", [])]


def _uploads(s3: Any, bucket: str, prefix: str) -> list[dict[str, Any]]:
    """All pages. botocore asks for encoded keys, and decodes them, in lists of objects but not in this one."""
    uploads, start = list[dict[str, Any]](), dict[str, str]()
    while True:
        page = s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix, EncodingType="url", **start)
        decode = unquote_plus if page.get("EncodingType") == "url" else str
        uploads += [{**upload, "Key": decode(upload["Key"])} for upload in page.get("Uploads", [])]
        if not page.get("IsTruncated"):
            return uploads
        start = {"KeyMarker": decode(page["NextKeyMarker"]), "UploadIdMarker": page["NextUploadIdMarker"]}


def _contents(s3: Any, bucket: str, prefix: str = "") -> str:
    """What there is, in words; empty when there is nothing."""
    count, size = 0, 0
    for entries in _versions(s3, bucket, prefix):
        count += len(entries)
        size += sum(entry.get("Size", 0) for entry in entries)
    uploads = len(_uploads(s3, bucket, prefix))
    versions = [f"{count:,} versions, {decimal(size)}"] if count else []
    unfinished = [f"{uploads} unfinished uploads"] if uploads else []
    return ", ".join(versions + unfinished)


def _empty(s3: Any, bucket: str, prefix: str, pace: Pace) -> None:
    """Delete every version, delete marker and unfinished upload under a prefix.

    The records of exports go last: as long as a model is there, they tell whether it was taken home. An object that S3
    keeps, say a locked one, keeps no other from going.
    """
    try:
        refused = list[dict[str, Any]]()
        for entries in _until_interrupted(_versions(s3, bucket, prefix), pace):
            others = [entry for entry in entries if not entry["Key"].startswith(EXPORTS_PREFIX)]
            refused += _delete_objects(s3, bucket, others)
        for upload in _until_interrupted(_uploads(s3, bucket, prefix), pace):
            none_if_missing(
                partial(s3.abort_multipart_upload, Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            )
        rest = _versions(s3, bucket, prefix or EXPORTS_PREFIX) if not refused else ()
        for entries in _until_interrupted(rest, pace):
            refused += _delete_objects(s3, bucket, entries)
        if refused:
            first = refused[0]
            raise StillThereError(f"{len(refused)} objects were not deleted, {first['Key']} first: {first['Message']}")
    except s3.exceptions.NoSuchBucket:
        return


def _until_interrupted(entries: Iterable[T], pace: Pace) -> Iterator[T]:
    for entry in entries:
        if pace.interrupted.is_set():
            raise StillThereError("was not emptied to its end when the command was interrupted; run it again")
        yield entry


def _delete_objects(s3: Any, bucket: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What S3 kept, with its reasons."""
    objects = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
    refused = list[dict[str, Any]]()
    for each in (each for each in objects if NOT_IN_XML.search(each["Key"])):
        try:
            s3.delete_object(Bucket=bucket, **each)
        except ClientError as error:
            refused.append({**each, "Message": advice(error)})
    objects = [each for each in objects if not NOT_IN_XML.search(each["Key"])]
    if objects:
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        refused += answer.get("Errors", [])
    return refused


def _delete_bucket(s3: Any, bucket: str, pace: Pace) -> None:
    _empty(s3, bucket, "", pace)
    none_if_missing(partial(s3.delete_bucket, Bucket=bucket))
