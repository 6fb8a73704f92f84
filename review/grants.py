"""Who may do what: the policies of one side, taken apart into single permissions, so that their order means nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from review.cdk_words import Words
from review.sides import Side

# An identity's own policies, policies on a resource, AWS's managed policies by name, what limits an identity, and
# policies that nobody has.
Source = Literal["own", "resource", "managed", "boundary", "bounded", "loose"]
BUT = "everything but "
_IDENTITIES = {"AWS::IAM::User": "Users", "AWS::IAM::Role": "Roles", "AWS::IAM::Group": "Groups"}
_POLICIES = (
    *("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::UserPolicy", "AWS::IAM::RolePolicy"),
    "AWS::IAM::GroupPolicy",
)
_AWS_MANAGED = ":iam::aws:policy/"


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource. ``condition`` is JSON with sorted keys."""

    principal: str
    effect: str
    action: str
    resource: str
    condition: str
    source: Source


def grants_of(side: Side) -> frozenset[Grant]:
    """Every permission that the templates of one side write down."""
    words = Words(side)
    resources = [
        (stack, logical_id, resource["Type"], resource.get("Properties", {}))
        for stack, name in side.stacks().items()
        for logical_id, resource in side.templates[name].get("Resources", {}).items()
    ]
    holders, bounded = _holders(words, resources)
    found: set[Grant] = set()
    for stack, logical_id, kind, properties in resources:
        own = words.resource(stack, logical_id)
        if kind in _IDENTITIES:
            found.update(_of_identity(words, stack, own, properties))
        elif kind in _POLICIES:
            document = properties.get("PolicyDocument", {})
            for principal in sorted(holders.get(own, ())):
                found.update(_grants(words, stack, document, principal, "own"))
            for principal in sorted(bounded.get(own, ())):
                found.update(_grants(words, stack, document, principal, "boundary"))
            if not holders.get(own) and not bounded.get(own):
                found.update(_grants(words, stack, document, own, "loose"))
        else:
            subject = _subject(words, stack, own, properties)
            for document in _documents(properties):
                found.update(_grants(words, stack, document, None, "resource", subject))
    return frozenset(found)


def _holders(
    words: Words, resources: list[tuple[str, str, str, dict[str, Any]]]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Who has each policy, and whose boundary it is."""
    holders: dict[str, set[str]] = {}
    bounded: dict[str, set[str]] = {}
    for stack, logical_id, kind, properties in resources:
        own = words.resource(stack, logical_id)
        if kind in _IDENTITIES:
            for policy in _listed(properties.get("ManagedPolicyArns")):
                holders.setdefault(words.text(stack, policy), set()).add(own)
            if boundary := properties.get("PermissionsBoundary"):
                bounded.setdefault(words.text(stack, boundary), set()).add(own)
        if kind in _POLICIES:
            names = [name for plural in _IDENTITIES.values() for name in _listed(properties.get(plural))]
            names += [properties[key] for key in ("UserName", "RoleName", "GroupName") if key in properties]
            holders.setdefault(own, set()).update(words.text(stack, name) for name in names)
    return holders, bounded


def _of_identity(words: Words, stack: str, own: str, properties: dict[str, Any]) -> Iterator[Grant]:
    """Trust, policies within the identity, AWS's managed policies, and that there is a boundary."""
    yield from _grants(words, stack, properties.get("AssumeRolePolicyDocument", {}), None, "resource", own)
    for policy in _listed(properties.get("Policies")):
        yield from _grants(words, stack, policy.get("PolicyDocument", {}), own, "own")
    for policy in _listed(properties.get("ManagedPolicyArns")):
        text = words.text(stack, policy)
        if _AWS_MANAGED in text:
            name = text.partition(_AWS_MANAGED)[2].rpartition("/")[2]
            yield Grant(own, "Allow", name, "*", "{}", "managed")
    if boundary := properties.get("PermissionsBoundary"):
        yield Grant(own, "Deny", f"{BUT}{words.text(stack, boundary)}", "*", "{}", "bounded")


def _documents(value: Any) -> Iterator[dict[str, Any]]:
    """Policy documents wherever they stand in a resource's properties."""
    match value:
        case {"Statement": list() | dict()}:
            yield value
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


def _grants(
    words: Words,
    stack: str,
    document: dict[str, Any],
    principal: str | None,
    source: Source,
    subject: str = "*",
) -> Iterator[Grant]:
    for statement in _listed(document.get("Statement")):
        condition = json.dumps(_sorted(_in_words(words, stack, statement.get("Condition", {}))), ensure_ascii=False)
        principals = [principal] if principal is not None else _principals(words, stack, statement)
        for who in principals:
            for action in _elements(words, stack, statement, "Action", "*"):
                for text in _elements(words, stack, statement, "Resource", subject):
                    resource = subject if text == "*" else text  # a resource's own policy is about nothing else
                    yield Grant(who, statement.get("Effect", "Allow"), action, resource, condition, source)


def _elements(words: Words, stack: str, statement: dict[str, Any], key: str, default: str) -> list[str]:
    """Those of Action or Resource; what NotAction excludes is one element, for its parts mean nothing alone."""
    if f"Not{key}" in statement:
        texts = {words.text(stack, each) for each in _listed(statement[f"Not{key}"])}
        return [BUT + ", ".join(sorted(texts))]
    return [words.text(stack, each) for each in _listed(statement.get(key, default))]


def _principals(words: Words, stack: str, statement: dict[str, Any]) -> list[str]:
    key = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    given = statement.get(key, "*")
    if not isinstance(given, dict) or any(name.startswith("Fn::") or name == "Ref" for name in given):
        texts = [words.text(stack, given)]
    else:
        texts = [words.text(stack, each) for values in given.values() for each in _listed(values)]
    return texts if key == "Principal" else [BUT + ", ".join(sorted(set(texts)))]


def _in_words(words: Words, stack: str, value: Any) -> Any:
    """A condition: operators and keys as they are, values in words."""
    if isinstance(value, dict) and not any(key.startswith("Fn::") or key == "Ref" for key in value):
        return {key: _in_words(words, stack, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_in_words(words, stack, each) for each in value]
    return value if isinstance(value, bool | int) else words.text(stack, value)


def _sorted(value: Any) -> Any:
    """The same whatever the order, and whether one value stands alone or in a list."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        texts = sorted({each if isinstance(each, str) else json.dumps(each) for each in value})
        return texts[0] if len(texts) == 1 else texts
    return value if isinstance(value, str) else json.dumps(value)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
