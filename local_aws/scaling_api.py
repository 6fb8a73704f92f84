"""The local Application Auto Scaling: it remembers scalable targets, and scales nothing."""

from __future__ import annotations

import json
import time
from typing import Any

from local_aws.role_session import scope
from local_aws.validation import problems_of_request

JSON_11 = {"Content-Type": "application/x-amz-json-1.1"}
IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")

Target = dict[str, Any]

_targets: dict[tuple[str, str], dict[tuple[str, ...], Target]] = {}


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> tuple[int, dict[str, str], bytes]:
    """MiniStack's handler signature. IAM has allowed the operation by now."""
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    problems = problems_of_request("application-autoscaling", operation, request)
    if problems:
        return _error("ValidationException", "; ".join(problems))
    targets = _targets.setdefault(scope(), {})
    key = tuple(request.get(name, "") for name in IDENTITY)
    match operation:
        case "RegisterScalableTarget":
            targets[key] = {**request, "RoleARN": "", "CreationTime": time.time()}
            return _answer({})
        case "DeregisterScalableTarget":
            if targets.pop(key, None) is None:
                return _error("ObjectNotFoundException", f"No scalable target found for {key}.")
            return _answer({})
        case "DescribeScalableTargets":
            wanted = request["ServiceNamespace"]
            found = [target for target in targets.values() if target["ServiceNamespace"] == wanted]
            return _answer({"ScalableTargets": found})
    return _error("UnknownOperationException", f"{operation} is not part of the local Application Auto Scaling.")


def _answer(content: Target) -> tuple[int, dict[str, str], bytes]:
    return 200, dict(JSON_11), json.dumps(content).encode()


def _error(code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return 400, {**JSON_11, "x-amzn-ErrorType": code}, json.dumps({"__type": code, "message": message}).encode()
