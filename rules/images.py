"""Every container image is named by a digest, or by a tag that is the hash of what it is built from.

Whoever may push can give another tag to another image: then a job runs what nobody reviewed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rules.findings import Finding, Templates
from rules.machines import STATE_MACHINE, machines
from rules.texts import MARK, shown, text_of

RULE = "image-is-pinned"
KEYS = ("Image", "ImageUri", "TrainingImage", "ImageUri.$", "TrainingImage.$", "Image.$")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
HASH_AS_TAG = re.compile(r":[\w.-]*[0-9a-f]{64}$")
ADDRESS = re.compile(r"^[^\s/]+\.dkr\.ecr\.[^\s/]+/[^\s:@]+[:@]\S+$")  # without tag and digest, a repository
WAY_OUT = "name it as ...@sha256:<digest>, which `aws ecr describe-images` tells"
OF_AWS = re.compile(r"^aws/codebuild/")  # AWS's own build machines have no digest to be named by


def findings(templates: Templates) -> Iterator[Finding]:
    """In requests of state machines, in resources' properties, and whatever else is an address in ECR as a whole.

    One for each image of a resource, at the first place that names it.
    """
    for stack, template in templates.items():
        definitions = dict(machines(template))
        for logical_id, resource in template.get("Resources", {}).items():
            if resource.get("Type") == STATE_MACHINE:
                found = _images(definitions.get(logical_id, {}), "Properties.DefinitionString")
            else:
                found = _images(resource.get("Properties", {}), "Properties")
            first: dict[str, str] = {}
            for place, image in found:
                first.setdefault(image, place)
            for image, place in first.items():
                if not is_pinned(image):
                    problem = f"the image {shown(image)} can become another one: neither a digest nor a hash names it"
                    yield Finding(RULE, stack, logical_id, place, problem, WAY_OUT)


def is_pinned(image: str) -> bool:
    return bool(DIGEST.search(image) or HASH_AS_TAG.search(image) or OF_AWS.match(image))


def _images(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Where images are named, and how."""
    if isinstance(value, list):
        for number, member in enumerate(value):
            yield from _images(member, f"{place}.{number}")
    elif isinstance(value, dict) and text_of(value) is None:
        for key, member in value.items():
            text = text_of(member)
            if text is None:
                yield from _images(member, f"{place}.{key}")
            elif key in KEYS or ADDRESS.match(MARK.sub("0", text)):
                yield f"{place}.{key}", text
