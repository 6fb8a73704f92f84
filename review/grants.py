"""Who may do what: the policies of one side, and whom they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from review.cdk_words import Words
from review.sides import Side
from review.statements import BUT, Grant, grants, listed

_IDENTITIES = {"AWS::IAM::User": "Users", "AWS::IAM::Role": "Roles", "AWS::IAM::Group": "Groups"}
_POLICIES = (
    *("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::UserPolicy", "AWS::IAM::RolePolicy"),
    "AWS::IAM::GroupPolicy",
)
_MEMBERSHIP, _PERMISSION = "AWS::IAM::UserToGroupAddition", "AWS::Lambda::Permission"
_SOURCES = {"SourceArn": "aws:SourceArn", "SourceAccount": "aws:SourceAccount", "PrincipalOrgID": "aws:PrincipalOrgID"}
_AWS_MANAGED = ":iam::aws:policy/"


def grants_of(side: Side) -> frozenset[Grant]:
    """Every permission that the templates of one side write down."""
    words = Words(side)
    resources = [
        (stack, logical_id, resource["Type"], resource.get("Properties", {}))
        for stack, name in side.stacks().items()
        for logical_id, resource in side.templates[name].get("Resources", {}).items()
    ]
    holders, bounded = _holders(words, resources)
    described = {words.resource(stack, logical_id) for stack, logical_id, kind, _ in resources if kind in _POLICIES}
    found: set[Grant] = set()
    for stack, logical_id, kind, properties in resources:
        own = words.resource(stack, logical_id)
        if kind in _IDENTITIES:
            found.update(_of_identity(words, stack, own, properties, described))
        elif kind in _POLICIES:
            document = properties.get("PolicyDocument", {})
            for principal in sorted(holders.get(own, ())):
                found.update(grants(words, stack, document, principal, "own"))
            for principal in sorted(bounded.get(own, ())):
                found.update(grants(words, stack, document, principal, "boundary"))
            if not holders.get(own) and not bounded.get(own):
                found.update(grants(words, stack, document, own, "loose"))
        elif kind == _MEMBERSHIP:
            group = words.text(stack, properties.get("GroupName", ""))
            for user in listed(properties.get("Users")):
                found.add(_member(words.text(stack, user), group))
        elif kind == _PERMISSION:
            found.update(grants(words, stack, {"Statement": _of_permission(properties)}, None, "resource"))
        else:
            subject = _subject(words, stack, own, properties)
            for document in _documents(properties):
                found.update(grants(words, stack, document, None, "resource", subject))
    return frozenset(found)


def identities_of(side: Side) -> frozenset[str]:
    """Identities and policies of one side, whatever they are granted."""
    words = Words(side)
    return frozenset(
        words.resource(stack, logical_id)
        for stack, name in side.stacks().items()
        for logical_id, resource in side.templates[name].get("Resources", {}).items()
        if resource["Type"] in (*_IDENTITIES, *_POLICIES)
    )


def _holders(
    words: Words, resources: list[tuple[str, str, str, dict[str, Any]]]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Who has each policy, and whose boundary it is."""
    holders: dict[str, set[str]] = {}
    bounded: dict[str, set[str]] = {}
    for stack, logical_id, kind, properties in resources:
        own = words.resource(stack, logical_id)
        if kind in _IDENTITIES:
            for policy in listed(properties.get("ManagedPolicyArns")):
                holders.setdefault(words.text(stack, policy), set()).add(own)
            if boundary := properties.get("PermissionsBoundary"):
                bounded.setdefault(words.text(stack, boundary), set()).add(own)
        if kind in _POLICIES:
            names = [name for plural in _IDENTITIES.values() for name in listed(properties.get(plural))]
            names += [properties[key] for key in ("UserName", "RoleName", "GroupName") if key in properties]
            holders.setdefault(own, set()).update(words.text(stack, name) for name in names)
    return holders, bounded


def _of_identity(
    words: Words, stack: str, own: str, properties: dict[str, Any], described: set[str]
) -> Iterator[Grant]:
    """Trust, own policies, those that no template describes, groups, and that there is a boundary."""
    yield from grants(words, stack, properties.get("AssumeRolePolicyDocument", {}), None, "resource", own)
    for policy in listed(properties.get("Policies")):
        yield from grants(words, stack, policy.get("PolicyDocument", {}), own, "own")
    for policy in listed(properties.get("ManagedPolicyArns")):
        text = words.text(stack, policy)
        if text not in described:
            name = text.partition(_AWS_MANAGED)[2].rpartition("/")[2]
            yield Grant(own, "Allow", name or text, "*", "{}", "managed")
    for group in listed(properties.get("Groups")):
        yield _member(own, words.text(stack, group))
    if boundary := properties.get("PermissionsBoundary"):
        yield Grant(own, "Deny", f"{BUT}{words.text(stack, boundary)}", "*", "{}", "bounded")


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    """Policy documents wherever they stand in a resource's properties."""
    match value:
        case {"Statement": list() | dict()}:
            yield value
        case str() if value.lstrip().startswith("{") and '"Statement"' in value:
            with suppress(ValueError):
                yield from _documents(json.loads(value))
        case dict():
            for each in value.values():
                yield from _documents(each)
        case list():
            for each in value:
                yield from _documents(each)


def _subject(words: Words, stack: str, own: str, properties: dict[str, Any]) -> str:
    """What a policy on a resource is about, where it names no resource itself."""
    bucket = properties.get("Bucket")
    return words.text(stack, bucket) if bucket else own


def _member(user: str, group: str) -> Grant:
    return Grant(user, "Allow", f"whatever {group} may do", "*", "{}", "member")


def _of_permission(properties: dict[str, Any]) -> dict[str, Any]:
    """A function's permission as the statement that AWS makes of it."""
    sources = {key: properties[name] for name, key in _SOURCES.items() if name in properties}
    return {
        "Effect": "Allow",
        "Principal": properties.get("Principal"),
        "Action": properties.get("Action"),
        "Resource": properties.get("FunctionName"),
        **({"Condition": {"StringLike": sources}} if sources else {}),
    }
