"""How a transform job cuts an object into requests, and puts answers and records together (SageMaker developer guide,
"Batch transform" and "Associate Prediction Results with Input Records")."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.sagemaker_store import ApiError, Record

MEGABYTE = 2**20
DEFAULT_PAYLOAD_MB = 6
MOST_MEGABYTES = 100  # of a payload, and of all that are under way at a time
JSON_LINES = "application/jsonlines"
JOINED_TYPES = ("text/csv", "application/json", JSON_LINES)
LINE = "Line"


class BadDataError(Exception):
    """Why an object cannot be transformed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request and the container's /execution-parameters say together; the request counts first."""

    payload_bytes: int
    at_once: int
    is_multi_record: bool
    splits: bool
    joins: bool

    @classmethod
    def of(cls, request: Record, parameters: Record) -> Plan:
        """``parameters`` are empty for a container that has none."""
        megabytes = request.get("MaxPayloadInMB", parameters.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB))
        strategy = request.get("BatchStrategy") or parameters.get("BatchStrategy", "MultiRecord")
        return cls(
            int(megabytes or MOST_MEGABYTES) * MEGABYTE,
            int(request.get("MaxConcurrentTransforms") or parameters.get("MaxConcurrentTransforms") or 1),
            str(strategy).replace("_", "").lower() == "multirecord",
            request["TransformInput"].get("SplitType", "None") == LINE,
            request.get("DataProcessing", {}).get("JoinSource", "None") == "Input",
        )


def check_request(request: Record) -> None:
    """What AWS refuses of a request that its model allows, and what is not part of the local SageMaker.

    Raises:
        ApiError: says which.
    """
    given, output, processing = request["TransformInput"], request["TransformOutput"], request.get("DataProcessing", {})
    payload, at_once = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB), request.get("MaxConcurrentTransforms", 1)
    split, assembled = given.get("SplitType", "None"), output.get("AssembleWith", "None")
    types = (given.get("ContentType", ""), output.get("Accept", ""))
    if payload > MOST_MEGABYTES:
        raise _refused(f"MaxPayloadInMB {payload} cannot be greater than {MOST_MEGABYTES}")
    if payload * at_once > MOST_MEGABYTES:
        raise _refused(f"MaxConcurrentTransforms * MaxPayloadInMB cannot be greater than {MOST_MEGABYTES} MB")
    if processing.get("JoinSource") == "Input":
        if types[0] not in JOINED_TYPES or types[0] != types[1]:
            known = ", ".join(JOINED_TYPES)
            raise _refused(
                f"JoinSource needs the same ContentType and Accept, one of {known}, not {' and '.join(types)}"
            )
        if split != assembled:
            raise _refused(f"JoinSource needs the same SplitType and AssembleWith, not {split} and {assembled}")
    if types[0] == "application/json" and split == LINE:
        raise _refused(f"SplitType Line does not go with ContentType application/json; JSON lines are {JSON_LINES}")
    kind = given["DataSource"]["S3DataSource"]["S3DataType"]
    unknown = {
        "S3DataType": kind if kind != "S3Prefix" else "",
        "CompressionType": given.get("CompressionType", "None").replace("None", ""),
        "SplitType": split if split not in ("None", LINE) else "",
        "InputFilter": processing.get("InputFilter", "$").replace("$", "", 1),
        "OutputFilter": processing.get("OutputFilter", "$").replace("$", "", 1),
        "JoinSource": types[0] if processing.get("JoinSource") == "Input" and types[0] != JSON_LINES else "",
    }
    if missing := [f"{name} {value}" for name, value in unknown.items() if value]:
        raise _refused(f"{missing[0]}: is not part of the local SageMaker")


def _refused(text: str) -> ApiError:
    return ApiError("ValidationException", f"{text}.")


def requests_of(content: bytes, plan: Plan) -> Iterator[bytes]:
    """Bodies of the requests for one object, as many lines in each as fit.

    Raises:
        BadDataError: there is nothing in it, or a record is larger than a payload.
    """
    records = [each for each in content.split(b"\n") if each.strip()] if plan.splits else [content]
    if not content.strip():
        raise BadDataError("the object is empty")
    body = b""
    for record in records:
        if len(record) > plan.payload_bytes:
            raise BadDataError(f"a record of {len(record):,} bytes is larger than MaxPayloadInMB allows")
        joined = body + b"\n" + record if body else record
        if body and (not plan.is_multi_record or len(joined) > plan.payload_bytes):
            yield body
            joined = record
        body = joined
    yield body


def assembled(body: bytes, answer: bytes, plan: Plan) -> bytes:
    """What the output gets of one request: the answers, each beside its record where they are joined.

    Raises:
        BadDataError: there are not as many answers as records, or one of them is no JSON.
    """
    if not plan.joins:
        return answer.rstrip(b"\n") + b"\n" if plan.splits else answer
    records, answers = body.split(b"\n"), [each for each in answer.split(b"\n") if each.strip()]
    if len(records) != len(answers):
        raise BadDataError(f"{len(records)} records got {len(answers)} answers")
    try:
        pairs = [_joined(json.loads(record), json.loads(each)) for record, each in zip(records, answers, strict=True)]
    except ValueError as error:
        raise BadDataError(f"a record or its answer is no JSON ({error})") from error
    return b"".join(json.dumps(pair, ensure_ascii=False).encode() + b"\n" for pair in pairs)


def _joined(record: Any, answer: Any) -> Record:
    known = record if isinstance(record, dict) else {"SageMakerInput": record}
    return {**known, "SageMakerOutput": answer}
