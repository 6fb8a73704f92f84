"""Everything that can carry the tag carries it: by it a bill is told apart, and what is left is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from rules.findings import Finding, Templates
from rules.machines import calls, given

RULE = "tag-is-carried"
# Of cfn-lint's copy of CloudFormation's resource schemas; a test compares the two.
UNTAGGABLE = Path(__file__).parent / "untaggable.json"
OF_THE_CDK = ("AWS::CDK::", "Custom::", "AWS::CloudFormation::CustomResource")
# Of SageMaker's create calls those whose requests have no Tags.
WITHOUT_TAGS = ("createpresigned", "createhubcontentreference", "createdevicefleet", "createtrialcomponentassociation")


def findings(templates: Templates, key: str, value: str) -> Iterator[Finding]:
    way_out = f"give it the tag {key}={value}"
    for stack, template in templates.items():
        for logical_id, resource in template.get("Resources", {}).items():
            kind = str(resource.get("Type"))
            if takes_tags(kind) and _value(_tags(resource.get("Properties", {})), key) != value:
                problem = f"{kind} does not carry the tag {key}={value}"
                yield Finding(RULE, stack, logical_id, "Properties.Tags", problem, way_out)
    for call in calls(templates):
        is_made = call.service == "sagemaker" and call.operation.startswith("create")
        if is_made and not call.operation.startswith(WITHOUT_TAGS):
            tags = given(call.arguments, "Tags")
            if _value(tags if isinstance(tags, list) else [], key) != value:
                problem = f"what state {call.state} makes does not carry the tag {key}={value}"
                yield Finding(RULE, call.stack, call.logical_id, f"{call.place}.Arguments.Tags", problem, way_out)


def takes_tags(kind: str) -> bool:
    return not kind.startswith(OF_THE_CDK) and kind not in untaggable()


@cache
def untaggable() -> frozenset[str]:
    """Types of resources without tags."""
    return frozenset(json.loads(UNTAGGABLE.read_text(encoding="utf-8")))


def _tags(properties: dict[str, Any]) -> Any:
    """Most types call them Tags, some UserPoolTags and the like."""
    return next((value for name, value in properties.items() if name.endswith("Tags")), [])


def _value(tags: Any, key: str) -> Any:
    """Of a map, or of a list of keys and values."""
    if isinstance(tags, dict):
        return tags.get(key)
    return next((each.get("Value") for each in tags if isinstance(each, dict) and each.get("Key") == key), None)
