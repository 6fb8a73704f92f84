"""Checks a request against botocore's model of the service: what AWS would refuse is refused here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

# Java writes characters beyond 16 bits as surrogates, in a range that Python refuses.
JAVA_BEYOND_16_BITS = r"\uD800\uDC00-\uDBFF\uDFFF"
PYTHON_BEYOND_16_BITS = r"\U00010000-\U0010FFFF"


@cache
def service_model(service: str) -> Any:
    """botocore's model of a service, for example ``sagemaker``."""
    return botocore.session.get_session().get_service_model(service)


def problems_of_request(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """What is wrong with a request: types, ranges, required and unknown members, patterns and enumerations."""
    shape = service_model(service).operation_model(operation).input_shape
    if shape is None:
        return [] if not request else [f"{operation} takes no parameters"]
    report = ParamValidator().validate(request, shape)
    problems = [report.generate_report()] if report.has_errors() else []
    return problems + list(_walk(request, shape, operation))


def _walk(value: Any, shape: Shape, path: str) -> Iterator[str]:
    yield from _check_maximum(value, shape, path)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for key, member in value.items():
            if key in shape.members:
                yield from _walk(member, shape.members[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}: is no member of {shape.name}"
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, member in enumerate(value):
            yield from _walk(member, shape.member, f"{path}[{number}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, member in value.items():
            yield from _walk(key, shape.key, f"{path}.{key}")
            yield from _walk(member, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _check_text(value, shape, path)


def _check_maximum(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """botocore's own validator knows minima only."""
    maximum = shape.metadata.get("max")
    if maximum is None or isinstance(value, bool):
        return
    if isinstance(value, int | float) and value > maximum:
        yield f"{path}: {value} is more than {maximum}"
    elif isinstance(value, str | list | dict) and len(value) > maximum:
        yield f"{path}: is longer than {maximum}"


def _check_text(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python_pattern(pattern), value, re.DOTALL):
        yield f"{path}: {value!r} does not match {pattern}"


def _python_pattern(pattern: str) -> str:
    """Java's classes, as AWS writes them, in Python's words."""
    classes = {r"\p{L}": r"^\W\d_", r"\p{Z}": r"\s", r"\p{N}": r"\d"}
    pattern = pattern.replace(JAVA_BEYOND_16_BITS, PYTHON_BEYOND_16_BITS).replace(r"\p{Print}", "[ -~]")
    if r"\p{" not in pattern:
        return pattern
    for java, python in classes.items():
        pattern = pattern.replace(java, r"\w" if python.startswith("^") else python)
    return pattern
