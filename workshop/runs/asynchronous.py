"""Asks an asynchronous endpoint, and waits for what it writes into the bucket."""

from __future__ import annotations

import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from chitra.errors import WorkshopError, in_one_line
from workshop.aws.account import Account
from workshop.aws.waiting import none_if_missing

LONGEST_BODY = 128_000  # bytes of a request that holds its texts itself (InvokeEndpointAsync)
ANSWER_SECONDS = 900  # within which SageMaker has an answer or says why not
LOOK_SECONDS = 1.0


def is_asynchronous(account: Account, endpoint: str) -> bool:
    description = account.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    return "AsyncInferenceConfig" in description


def ask_later(account: Account, endpoint: str, body: bytes) -> bytes:
    """The answer to a request in JSON.

    Raises:
        WorkshopError: the endpoint wrote a failure, or nothing in time.
    """
    asked = account.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=endpoint, ContentType="application/json", Accept="application/json", Body=body
    )
    s3, deadline = account.client("s3"), time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        if (answer := _object(s3, asked["OutputLocation"])) is not None:
            return answer
        if (failure := _object(s3, asked["FailureLocation"])) is not None:
            reason = in_one_line(failure.decode(errors="replace"))
            raise WorkshopError(f"endpoint {endpoint}: {reason}")
        time.sleep(LOOK_SECONDS)
    raise WorkshopError(
        f"endpoint {endpoint}: has not answered within {ANSWER_SECONDS // 60} minutes; its answer may still come, to "
        f"{asked['OutputLocation']}."
    )


def _object(s3: Any, uri: str) -> bytes | None:
    place = urlsplit(uri)
    answer = none_if_missing(partial(s3.get_object, Bucket=place.netloc, Key=place.path.lstrip("/")))
    content: bytes | None = answer["Body"].read() if answer else None
    return content
