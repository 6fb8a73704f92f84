"""What changes inside of resources, value by value; what policies say is told as access instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from review.cdk_words import Words
from review.resources import Change
from review.sides import Side

# Told as access.
_POLICIES = ("PolicyDocument", "AssumeRolePolicyDocument", "ManagedPolicyArns", "PermissionsBoundary", "Policies")
_WITHIN_JSON = "'"  # in place of the quotes of references, so that a text that holds JSON can still be read


@dataclass(frozen=True)
class Detail:
    """``old`` and ``new`` are None where a side has no such value."""

    resource: str
    path: str
    old: str | None
    new: str | None


def details_of(changes: list[Change], base: Side, head: Side) -> list[Detail]:
    """Of resources that are in the same stack on both sides."""
    before, after = Words(base), Words(head)
    stacks = {name: key for key, name in head.stacks().items() if base.stacks().get(key) == name}
    return [
        detail
        for change in changes
        if change.stack in stacks
        for detail in _between(before, after, stacks[change.stack], change.logical_id)
    ]


def _between(before: Words, after: Words, stack: str, logical_id: str) -> Iterator[Detail]:
    if not (before.has(stack, logical_id) and after.has(stack, logical_id)):
        return
    old, new = (dict(_values(words, stack, logical_id)) for words in (before, after))
    name = after.resource(stack, logical_id)
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path) and path.partition(".")[0].partition("[")[0] not in _POLICIES:
            yield Detail(name, path, old.get(path), new.get(path))


def _values(words: Words, stack: str, logical_id: str) -> Iterator[tuple[str, str]]:
    properties = words.properties(stack, logical_id)
    return _leaves("", {name: _read(words, stack, value) for name, value in properties.items()})


def _read(words: Words, stack: str, value: Any) -> Any:
    """References in words, and JSON inside of texts taken apart."""
    match value:
        case dict() if not any(key == "Ref" or key.startswith("Fn::") for key in value):
            return {key: _read(words, stack, each) for key, each in value.items()}
        case list():
            return [_read(words, stack, each) for each in value]
    text = joined(words, stack, value)
    try:
        inner = json.loads(text) if text.startswith("{") else text
    except ValueError:
        return text
    return inner if isinstance(inner, dict) else text


def joined(words: Words, stack: str, value: Any) -> str:
    """A text in which references may stand inside of JSON's own texts."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(joined(words, stack, part) for part in parts)
    return words.text(stack, value).replace('"', _WITHIN_JSON)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for key, each in value.items():
                yield from _leaves(f"{path}.{key}" if path else key, each)
        case list() if value:
            for number, each in enumerate(value):
                yield from _leaves(f"{path}[{number}]", each)
        case str():
            yield path, value
        case _:
            yield path, json.dumps(value)
