"""Statements of policies, taken apart into single permissions, so that their order and their cut mean nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from review.cdk_words import Words

# An identity's own policies, policies on a resource, policies outside of the templates (such as AWS's), what limits an
# identity (a boundary's content, and that there is one), policies that nobody has, and groups that a user is in.
Source = Literal["own", "resource", "managed", "boundary", "bounded", "loose", "member"]
BUT = "everything but "


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource. ``condition`` is JSON with sorted keys."""

    principal: str
    effect: str
    action: str
    resource: str
    condition: str
    source: Source


def grants(
    words: Words,
    stack: str,
    document: dict[str, Any],
    principal: str | None,
    source: Source,
    subject: str = "*",
) -> Iterator[Grant]:
    for statement in _chosen(listed(document.get("Statement"))):
        condition = json.dumps(_sorted(_in_words(words, stack, statement.get("Condition", {}))), ensure_ascii=False)
        principals = [principal] if principal is not None else _principals(words, stack, statement)
        for who in principals:
            for action in _elements(words, stack, statement, "Action", "*"):
                for text in _elements(words, stack, statement, "Resource", subject):
                    resource = subject if text == "*" else text  # a resource's own policy is about nothing else
                    yield Grant(who, statement.get("Effect", "Allow"), action, resource, condition, source)


def _chosen(statements: list[Any]) -> Iterator[dict[str, Any]]:
    """Both branches of a condition: either may come true."""
    for statement in statements:
        match statement:
            case {"Fn::If": [_, *branches]}:
                yield from _chosen([each for branch in branches for each in listed(branch)])
            case {"Effect": _}:
                yield statement


def _elements(words: Words, stack: str, statement: dict[str, Any], key: str, default: str) -> list[str]:
    """Those of Action or Resource; what NotAction excludes is one element, for its parts mean nothing alone."""
    if f"Not{key}" in statement:
        texts = {words.text(stack, each) for each in listed(statement[f"Not{key}"])}
        return [BUT + ", ".join(sorted(texts))]
    return [words.text(stack, each) for each in listed(statement.get(key, default))]


def _principals(words: Words, stack: str, statement: dict[str, Any]) -> list[str]:
    key = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    given = statement.get(key, "*")
    if not isinstance(given, dict) or any(name.startswith("Fn::") or name == "Ref" for name in given):
        texts = [words.text(stack, given)]
    else:
        texts = [words.text(stack, each) for values in given.values() for each in listed(values)]
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


def listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
