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
    name = after.resource(stack, logical_id)
    found = _differences("", _values(before, stack, logical_id), _values(after, stack, logical_id))
    # What has another value first: what comes and goes as a whole is longer, and says less.
    for path, old, new in sorted(found, key=lambda each: (None in each, each[0])):
        yield Detail(name, path, old, new)


def _values(words: Words, stack: str, logical_id: str) -> dict[str, Any]:
    properties = words.properties(stack, logical_id)
    return {name: _read(words, stack, value) for name, value in properties.items() if name not in _POLICIES}


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


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, str | None, str | None]]:
    """Down to the values that differ; what one side lacks is told as a whole."""
    if old == new:
        return
    match old, new:
        case dict(), dict():
            for key in sorted(old.keys() | new.keys()):
                yield from _differences(f"{path}.{key}" if path else key, old.get(key), new.get(key))
        case list(), list() if len(old) == len(new):
            for number, pair in enumerate(zip(old, new, strict=True)):
                yield from _differences(f"{path}[{number}]", *pair)
        case _:
            yield path, _shown(old), _shown(new)


def _shown(value: Any) -> str | None:
    return value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
