"""Whoever may pass a role may pass roles by name, to one service.

A permissions boundary and a Deny give nothing, so they may say more.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from rules.findings import Finding, Template, Templates
from rules.texts import MARK, references, shown, text_of

RULE = "passed-role-is-named"
ACTION = "iam:passrole"
SERVICE = "iam:PassedToService"
Statement = dict[str, Any]


def findings(templates: Templates) -> Iterator[Finding]:
    limits = boundaries(templates)
    for stack, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            if (stack, logical_id) not in limits and str(resource.get("Type")).startswith("AWS::IAM::"):
                for place, statement in statements(resource.get("Properties", {})):
                    if passes_roles(statement):
                        for problem, way_out in problems(statement):
                            yield Finding(RULE, stack, logical_id, place, problem, way_out)


def statements(properties: dict[str, Any]) -> Iterator[tuple[str, Statement]]:
    """Of what the resource is given; who may assume a role is another question."""
    documents = [("PolicyDocument", properties.get("PolicyDocument"))]
    policies = properties.get("Policies", [])
    documents += [(f"Policies.{number}", each.get("PolicyDocument")) for number, each in enumerate(policies)]
    for place, document in documents:
        for number, statement in enumerate(_many((document or {}).get("Statement"))):
            yield f"Properties.{place}.Statement.{number}", statement


def passes_roles(statement: Statement) -> bool:
    def named(key: str) -> bool:
        return any(fnmatchcase(ACTION, str(action).lower()) for action in _many(statement.get(key)))

    if statement.get("Effect") != "Allow":
        return False
    return named("Action") or ("NotAction" in statement and not named("NotAction"))


def problems(statement: Statement) -> Iterator[tuple[str, str]]:
    """Each with its way out."""
    roles = [text_of(each) or "" for each in _many(statement.get("Resource"))]
    loose = [role for role in roles if "*" in MARK.sub("", role) or not (role.startswith("arn:") or references(role))]
    if loose or not roles:
        what = ", ".join(map(shown, loose)) or "all but some"
        yield f"iam:PassRole on {what}: that is more than roles by name", "name each role by its ARN or reference"
    conditions = statement.get("Condition", {})
    services = [
        service
        for operator in ("StringEquals", "StringEqualsIfExists", "StringLike")
        for service in _many(conditions.get(operator, {}).get(SERVICE))
        if operator != "StringEqualsIfExists" and "*" not in str(service)
    ]
    if len(services) != 1:
        told = ", ".join(map(str, services)) or "any service"
        yield (
            f"iam:PassRole to {told}: that is not one service",
            f"give the statement a condition StringEquals on {SERVICE} with one service, and others their own",
        )


def boundaries(templates: Templates) -> set[tuple[str, str]]:
    """Policies (stack, logical id) that are permissions boundaries and attached to nobody."""
    exports = {
        str(output["Export"]["Name"]): (stack, str(output["Value"].get("Ref")))
        for stack, template in templates.items()
        for output in template.get("Outputs", {}).values()
        if isinstance(output.get("Value"), dict) and isinstance(output.get("Export", {}).get("Name"), str)
    }
    limiting, attached = set(), set()
    for stack, template in templates.items():
        for logical_id, properties in _properties(template):
            limiting |= _policy(properties.get("PermissionsBoundary"), stack, exports)
            for policy in _many(properties.get("ManagedPolicyArns")):
                attached |= _policy(policy, stack, exports)
            if any(properties.get(key) for key in ("Users", "Roles", "Groups")):
                attached.add((stack, logical_id))
    return limiting - attached


def _policy(value: Any, stack: str, exports: dict[str, tuple[str, str]]) -> set[tuple[str, str]]:
    match value:
        case {"Ref": str(logical_id)}:
            return {(stack, logical_id)}
        case {"Fn::ImportValue": str(name)} if name in exports:
            return {exports[name]}
    return set()


def _properties(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, resource in template.get("Resources", {}).items():
        yield logical_id, resource.get("Properties", {})


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
