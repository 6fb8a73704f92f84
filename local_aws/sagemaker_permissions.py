"""What IAM knows about a request to SageMaker: its resource, its tags, and the service's own condition keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions
from ministack.services import tagging

from local_aws import scaling_api
from local_aws.role_session import scope
from local_aws.sagemaker_store import ENDPOINT_CONFIG, MODEL, Store, arn

CREATE = "Create"
ENDPOINT_PATH = re.compile(r"/endpoints/([^/]+)/[a-z-]+")
OPERATION = re.compile(r"(?:Create|Delete|Describe|Invoke|List|Start|Stop|Update)([A-Z]\w+)")
OF_TUNING = "TrainingJobsFor"  # a list that IAM decides on by the tuning job
NAMES = ("{noun}Name", "{noun}Id")  # as the API calls them
ROLE = re.compile(r"arn:aws:iam::\d{12}:role/.+")

Request = dict[str, Any]


def install(store: Store) -> None:
    """Make IAM see ``store``'s tags and what follows."""
    iam_actions._BOTOCORE_SERVICE_MAP["sagemaker"] = ["sagemaker-runtime", "sagemaker"]

    def tagged() -> Iterator[tuple[str, list[dict[str, str]]]]:
        for resource, tags in store.tagged():
            yield resource, [{"Key": key, "Value": value} for key, value in tags.items()]

    tagging._COLLECTORS["sagemaker"] = tagged
    tagging._RESOURCE_TAG_COLLECTORS["sagemaker"] = tagged
    known_arn, known_context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        if service == "sagemaker":
            return _resource_of_call(headers, path, body)
        return known_arn(service, method, path, headers, body, *rest)

    def request_tag_context(service: str, action: str, body: bytes, parameters: Request) -> Request:
        known: Request = known_context(service, action, body, parameters)
        operation = action.partition(":")[2]
        return known | conditions(operation, _parsed(body)) if service == "sagemaker" else known

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def _resource_of_call(headers: dict[str, str], path: str, body: bytes) -> str:
    called = ENDPOINT_PATH.fullmatch(unquote(path))
    if called:
        return _arn("endpoint", called.group(1))
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    return resource_of(operation, _parsed(body))


def resource_of(operation: str, request: Request) -> str:
    """The ARN that IAM decides on; ``*`` for operations on no certain resource."""
    if "ResourceArn" in request:
        return str(request["ResourceArn"])
    match = OPERATION.fullmatch(operation)
    noun = match.group(1).removeprefix(OF_TUNING) if match else ""
    for pattern in NAMES:
        name = request.get(pattern.format(noun=noun))
        if isinstance(name, str):
            return name if name.startswith("arn:") else _arn(_kebab(noun), name)
    return "*"


def conditions(operation: str, request: Request) -> Request:
    """``sagemaker:InstanceTypes``, wherever the request names one, and ``sagemaker:ModelArn`` of variants and jobs."""
    keys: Request = {}
    instances = [value for key, value in _members(request) if key == "InstanceType"]
    if instances:
        keys["sagemaker:InstanceTypes"] = instances
    models = [value for key, value in _members(request) if key == "ModelName" and operation != "CreateModel"]
    if models:
        keys["sagemaker:ModelArn"] = [arn(MODEL, name) for name in models]
    return keys


def further_permissions(operation: str, request: Request) -> Iterator[tuple[str, str, Request]]:
    """Action, resource and condition keys of what the operation needs beside its own permission.

    Roles are passed, tags are added, an endpoint is made of a config, and what lets one scale goes with it.
    """
    for role in sorted({value for _, value in _members(request) if ROLE.fullmatch(value)}):
        yield "iam:PassRole", role, {"iam:PassedToService": "sagemaker.amazonaws.com"}
    body = json.dumps(request).encode()
    context = iam_actions.request_tag_context("sagemaker", f"sagemaker:{operation}", body, {})
    if operation.startswith(CREATE) and request.get("Tags"):
        yield "sagemaker:AddTags", resource_of(operation, request), context | {"sagemaker:TaggingAction": operation}
    if operation in ("CreateEndpoint", "UpdateEndpoint"):
        yield f"sagemaker:{operation}", arn(ENDPOINT_CONFIG, request["EndpointConfigName"]), context
    if operation == "DeleteEndpoint":
        for target in scaling_api.targets_of(request["EndpointName"]):
            tags = tagging.resource_tags(target) or {}
            own = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            yield "application-autoscaling:DeregisterScalableTarget", target, own


def _members(value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a request, with its key."""
    if isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, str):
                yield key, member
            else:
                yield from _members(member)
    elif isinstance(value, list):
        for member in value:
            yield from _members(member)


def _parsed(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _kebab(noun: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", noun).lower()


def _arn(resource: str, name: str) -> str:
    account, region = scope()
    return f"arn:aws:sagemaker:{region}:{account}:{resource}/{name}"
