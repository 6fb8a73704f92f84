"""The local Application Auto Scaling: scalable targets of endpoints, and the policies by which they scale."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.services import tagging

from local_aws.role_session import scope
from local_aws.validation import problems_of_request

JSON_11 = {"Content-Type": "application/x-amz-json-1.1"}
IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
SERVICE = "application-autoscaling"

Target = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]

_targets: dict[tuple[str, str], dict[tuple[str, ...], Target]] = {}


class ScalingError(Exception):
    """A refusal: the code, then the message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install() -> None:
    """Make IAM see targets and their tags."""

    def tagged() -> Iterator[tuple[str, list[dict[str, str]]]]:
        for target in _targets.get(scope(), {}).values():
            yield target["ScalableTargetARN"], [{"Key": key, "Value": each} for key, each in target["Tags"].items()]

    tagging._COLLECTORS[SERVICE] = tagged
    tagging._RESOURCE_TAG_COLLECTORS[SERVICE] = tagged
    known_arn, known_context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        if service != SERVICE:
            return known_arn(service, method, path, headers, body, *rest)
        if headers.get("x-amz-target", "").rpartition(".")[2].startswith("Describe"):
            return "*"  # IAM knows no resource of them
        target = _targets.get(scope(), {}).get(_key(_parsed(body)))
        return target["ScalableTargetARN"] if target else _arn("new")

    def request_tag_context(service: str, action: str, body: bytes, parameters: Target) -> Target:
        context: Target = known_context(service, action, body, parameters)
        tags = _parsed(body).get("Tags", {}) if service == SERVICE else {}
        return context | {f"aws:RequestTag/{key}": value for key, value in tags.items()}

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


async def handle_request(
    has_endpoint: Callable[[str], bool],
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: dict[str, Any],
) -> Answer:
    """MiniStack's handler signature, behind what tells whether an endpoint exists. IAM has allowed the operation."""
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    problems = problems_of_request(SERVICE, operation, request)
    try:
        if problems:
            raise ScalingError("ValidationException", "; ".join(problems))
        if operation == "RegisterScalableTarget":
            _require_endpoint(request["ResourceId"], has_endpoint)
        answer = _call(operation, request, _targets.setdefault(scope(), {}))
    except ScalingError as error:
        content = json.dumps({"__type": error.code, "message": str(error)}).encode()
        return 400, {**JSON_11, "x-amzn-ErrorType": error.code}, content
    return 200, dict(JSON_11), json.dumps(answer).encode()


def _call(operation: str, request: Target, targets: dict[tuple[str, ...], Target]) -> Target:
    namespace = request.get("ServiceNamespace")
    match operation:
        case "RegisterScalableTarget":
            return _register(request, targets)
        case "DeregisterScalableTarget":
            _find(request, targets)
            del targets[_key(request)]
            return {}
        case "DescribeScalableTargets":
            wanted = [target for target in targets.values() if target["ServiceNamespace"] == namespace]
            hidden = ("Policies", "Tags")
            return {"ScalableTargets": [{k: v for k, v in each.items() if k not in hidden} for each in wanted]}
        case "PutScalingPolicy":
            target = _find(request, targets)
            arn = f"{_arn(secrets.token_hex(8), 'scaling-policy')}:policyName/{request['PolicyName']}"
            made = {**request, "PolicyARN": arn, "CreationTime": time.time()}
            target["Policies"] = {**target["Policies"], request["PolicyName"]: made}
            return {"PolicyARN": arn, "Alarms": []}
        case "DescribeScalingPolicies":
            return {"ScalingPolicies": [each for target in targets.values() for each in target["Policies"].values()]}
    raise ScalingError("UnknownOperationException", f"{operation} is not part of the local Application Auto Scaling.")


def _require_endpoint(resource: str, has_endpoint: Callable[[str], bool]) -> None:
    kind, _, rest = resource.partition("/")
    if kind != "endpoint" or not has_endpoint(rest.partition("/")[0]):
        raise ScalingError("ValidationException", f"Resource {resource} does not exist.")


def _register(request: Target, targets: dict[tuple[str, ...], Target]) -> Target:
    """Also of a target that is there, whose limits change."""
    known = targets.get(_key(request), {"Policies": {}, "Tags": {}})
    if not known.get("ScalableTargetARN"):
        if "MinCapacity" not in request or "MaxCapacity" not in request:
            raise ScalingError("ValidationException", "MinCapacity and MaxCapacity are needed for a new target.")
        known |= {"ScalableTargetARN": _arn(secrets.token_hex(16)), "RoleARN": "", "CreationTime": time.time()}
    target = {**known, **request}
    if target["MinCapacity"] > target["MaxCapacity"]:
        raise ScalingError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
    targets[_key(request)] = target
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _find(request: Target, targets: dict[tuple[str, ...], Target]) -> Target:
    target = targets.get(_key(request))
    if target is None:
        namespace, resource, dimension = _key(request)
        raise ScalingError(
            "ObjectNotFoundException",
            f"No scalable target found for service namespace: {namespace}, resource ID: {resource}, scalable "
            f"dimension: {dimension}",
        )
    return target


def deregister(endpoint: str) -> None:
    """What DeleteEndpoint does with the targets of an endpoint, and their policies."""
    for key in _of(endpoint):
        del _targets[scope()][key]


def targets_of(endpoint: str) -> list[str]:
    """ARNs of the endpoint's variants that may scale."""
    return [each["ScalableTargetARN"] for each in _of(endpoint).values()]


def wanted_instances(endpoint: str, count: int, invocations: int) -> int:
    """What target tracking of a variant's invocations makes of ``count`` instances that got so many requests within a
    minute; AWS looks at three minutes before it adds instances, and at fifteen before it takes some."""
    for target in _of(endpoint).values():
        for policy in target["Policies"].values():
            tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
            metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
            if metric == "SageMakerVariantInvocationsPerInstance":
                wanted = math.ceil(invocations / tracking["TargetValue"])
                return int(min(max(wanted, count, target["MinCapacity"]), target["MaxCapacity"]))
    return count


def _of(endpoint: str) -> dict[tuple[str, ...], Target]:
    """The targets that are the endpoint's variants."""
    targets = _targets.get(scope(), {})
    return {key: each for key, each in targets.items() if each["ResourceId"].startswith(f"endpoint/{endpoint}/")}


def _key(request: Target) -> tuple[str, ...]:
    return tuple(str(request.get(name, "")) for name in IDENTITY)


def _parsed(body: bytes) -> Target:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _arn(name: str, kind: str = "scalable-target") -> str:
    account, region = scope()
    return f"arn:aws:{SERVICE}:{region}:{account}:{kind}/{name}"
