"""Step Functions writes every member of a request and of an answer with a capital, whatever the service's API does."""

from __future__ import annotations

import json
from typing import Any

from botocore.model import ListShape, Shape, StructureShape


def as_the_api_spells(value: Any, shape: Shape | None) -> Any:
    """A request for botocore. A document, such as an object's body, becomes its JSON."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        spelling = {_capitalised(name): (name, member) for name, member in shape.members.items()}
        pairs = ((spelling.get(key, (key, None)), each) for key, each in value.items())
        return {name: as_the_api_spells(each, member) for (name, member), each in pairs}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [as_the_api_spells(each, shape.member) for each in value]
    if shape is not None and shape.type_name == "blob":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value


def with_capitals(value: Any, shape: Shape | None) -> Any:
    """An answer of botocore's as a state gets it; keys of maps, such as hyperparameters, are nobody's members."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {_capitalised(key): with_capitals(each, shape.members.get(key)) for key, each in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [with_capitals(each, shape.member) for each in value]
    return value


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]
