"""Where IAM judges requests more closely than MiniStack 1.5.33 does: variables, boundaries, names, object keys.

Private names of exactly this version, as in ``extensions``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.router import extract_access_key_id
from ministack.services import iam
from ministack.services.cloudformation import provisioners

from local_aws.role_session import scope

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

VARIABLE = re.compile(r"\$\{([^}]+)\}")
OF_STREAMS = ("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents")
NOTHING = "\0"  # what a variable without a value becomes: no resource and no text matches it


def install() -> None:
    """Extend the IAM of this process."""
    _fill_in_variables()
    _ask_for_tags_of_every_resource()
    _keep_boundaries_of_roles()
    _judge_objects_by_their_exact_keys()
    _judge_deleted_versions_as_such()
    _judge_every_parameter()
    _judge_schedules_by_their_group()
    _judge_roles_of_schedules()
    _judge_log_streams_by_their_names()


def _fill_in_variables() -> None:
    """``${aws:username}`` and its like, in resources and conditions."""
    known = iam_evaluator._first_match

    def first_match(context: Any, statements: list[Any], effect: str) -> Any:
        return known(context, [_filled_in(each, context) for each in statements if each.effect == effect], effect)

    iam_evaluator._first_match = first_match


def _filled_in(statement: Any, context: Any) -> Any:
    def value(match: re.Match[str]) -> str:
        resolved = iam_evaluator._resolve_condition_key(match.group(1), context)
        return resolved if isinstance(resolved, str) else NOTHING

    def fill(texts: list[str]) -> list[str]:
        return [VARIABLE.sub(value, text) for text in texts]

    conditions = {
        operator: {
            key: fill(expected) if isinstance(expected, list) else VARIABLE.sub(value, str(expected))
            for key, expected in keys.items()
        }
        for operator, keys in statement.conditions.items()
    }
    resources, others = fill(statement.resources), fill(statement.not_resources)
    return replace(statement, resources=resources, not_resources=others, conditions=conditions)


def _ask_for_tags_of_every_resource() -> None:
    """MiniStack looks tags up only when an attached policy asks for them, not when a boundary does."""
    iam_evaluator._names_condition_key = lambda policies, prefix: True


def _keep_boundaries_of_roles() -> None:
    """CloudFormation's property PermissionsBoundary; MiniStack knows that of users."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    create, update = handlers["create"], handlers["update"]

    def create_role(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name, attributes = create(logical_id, properties, stack)
        iam._roles[name]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
        return name, attributes

    def update_role(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any, **options: Any) -> Any:
        name, attributes = update(physical_id, old, new, *rest, **options)
        iam._roles[name]["PermissionsBoundary"] = new.get("PermissionsBoundary")
        return name, attributes

    handlers["create"], handlers["update"] = create_role, update_role


def _judge_objects_by_their_exact_keys() -> None:
    """MiniStack's IAM drops empty parts of a key and a slash at its end; S3 keeps them."""
    known = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, method: str, path: str, *rest: Any) -> Any:
        bucket, _, key = path.lstrip("/").partition("/")
        if service == "s3" and bucket and key:
            return f"arn:aws:s3:::{bucket}/{key}"
        return known(service, method, path, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _judge_deleted_versions_as_such() -> None:
    """DeleteObjects: MiniStack takes the first of the entries for a deletion without a version."""
    known = iam_actions.s3_additional_checks

    def s3_additional_checks(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        checks = known(method, path, headers, body, query_params)
        if method == "POST" and "delete" in query_params:
            first = iam_actions._s3_batch_delete_targets(path.strip("/").partition("/")[0], body)[:1]
            checks = [*(("s3:DeleteObjectVersion", arn) for arn, version in first if version), *checks]
        return checks

    iam_actions.s3_additional_checks = s3_additional_checks


def _judge_every_parameter() -> None:
    """GetParameters, DeleteParameters and GetParametersByPath: each name counts, where MiniStack judges on ``*``."""
    known: Handler = app.SERVICE_HANDLERS["ssm"]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        request = json.loads(body or b"{}")
        names = [*request.get("Names", []), *([request["Path"]] if "Path" in request else [])]
        account, region = scope()
        for name in names:
            resource = f"arn:aws:ssm:{region}:{account}:parameter/{name.strip('/')}"
            if refusal := refused("ssm", headers, f"ssm:{action}", resource):
                return refusal
        return await known(method, path, headers, body, query_params)

    app.SERVICE_HANDLERS["ssm"] = handle_request
    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        request = json.loads(body or b"{}") if service == "ssm" else {}
        names = request.get("Names") or [request.get("Path")]
        if isinstance(names[0], str):
            account, region = scope()
            return f"arn:aws:ssm:{region}:{account}:parameter/{names[0].strip('/')}"
        return extract(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _judge_schedules_by_their_group() -> None:
    """MiniStack's IAM takes every schedule for one of the group ``default``."""
    known = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        *rest: Any,
    ) -> Any:
        arn = known(service, method, path, headers, body, query_params, *rest)
        if service != "scheduler":
            return arn
        request = json.loads(body) if body[:1] == b"{" else {}
        group = request.get("GroupName") or iam_actions._query_param(query_params, "groupName") or "default"
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    iam_actions.extract_resource_arn = extract_resource_arn


def _judge_roles_of_schedules() -> None:
    """Whoever makes or changes a schedule hands its role over; MiniStack does not ask for iam:PassRole."""
    known: Handler = app.SERVICE_HANDLERS["scheduler"]

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        role = json.loads(body).get("Target", {}).get("RoleArn") if body[:1] == b"{" else None
        passed = {"iam:PassedToService": "scheduler.amazonaws.com"}
        if role and (refusal := refused("scheduler", headers, "iam:PassRole", role, passed)):
            return refusal
        return await known(method, path, headers, body, query_params)

    app.SERVICE_HANDLERS["scheduler"] = handle_request


def _judge_log_streams_by_their_names() -> None:
    """A stream has an ARN of its own (Service Authorization Reference); MiniStack judges on its group's."""
    known = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        arn = known(service, method, path, headers, body, *rest)
        if (
            service != "logs"
            or b"logStreamName" not in body
            or not headers.get("x-amz-target", "").endswith(OF_STREAMS)
        ):
            return arn
        return f"{arn}:log-stream:{json.loads(body)['logStreamName']}"

    iam_actions.extract_resource_arn = extract_resource_arn


def refused(
    service: str, headers: dict[str, str], action: str, resource: str, context: dict[str, Any] | None = None
) -> Answer | None:
    """The answer of ``service`` to a caller who lacks a permission that a request needs beside its own, or None."""
    key = extract_access_key_id(headers)
    denied = iam_evaluator.enforce(key, action, service, scope()[1], resource_arn=resource, service_context=context)
    if denied is None:
        return None
    answer: Answer
    if isinstance(denied, iam_evaluator.AuthError):
        answer = app._credential_failure(service, action, "", denied, headers)
    else:
        explicit = denied.decision == "Deny"
        answer = iam_actions.access_denied_response(
            service, action, denied.principal_arn, "", headers=headers, resource_arn=resource, explicit_deny=explicit
        )
    return answer
