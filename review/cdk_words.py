"""Values of templates as people read them: references are resolved, also into other stacks."""

from __future__ import annotations

import json
import re
from typing import Any

from review.hashes import without_hashes
from review.sides import Side

_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class Words:
    """The words of one side. A resource is called ``<stack>/<path of its construct>``."""

    def __init__(self, side: Side) -> None:
        self._templates = {
            key: without_hashes(side.templates[name], side.assets) for key, name in side.stacks().items()
        }
        self._stacks = {name: key for key, name in side.stacks().items()}
        self._exports = {
            output["Export"]["Name"]: (key, output["Value"])
            for key, template in self._templates.items()
            for output in template.get("Outputs", {}).values()
            if isinstance(output.get("Export", {}).get("Name"), str)
        }

    def has(self, stack: str, logical_id: str) -> bool:
        return logical_id in self._templates.get(stack, {}).get("Resources", {})

    def properties(self, stack: str, logical_id: str) -> dict[str, Any]:
        """Of a resource that is there, without hashes."""
        properties: dict[str, Any] = self._templates[stack]["Resources"][logical_id].get("Properties", {})
        return properties

    def resource(self, stack: str, logical_id: str) -> str:
        """What a resource is called; ``stack`` without the workshop's name."""
        resource = self._templates[stack].get("Resources", {}).get(logical_id, {})
        path = str(resource.get("Metadata", {}).get("aws:cdk:path", "")).removesuffix("/Resource")
        first, _, rest = path.partition("/")
        return f"{stack}/{rest}" if rest and self._stacks.get(first) == stack else f"{stack}/{logical_id}"

    def text(self, stack: str, value: Any) -> str:
        """A value in one line."""
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return self._reference(stack, name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._reference(stack, name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"{self._reference(stack, name)}.{attribute}"
            case {"Fn::Join": [str(between), [*parts]]}:
                return between.join(self.text(stack, part) for part in parts)
            case {"Fn::Sub": str(text)}:
                return _VARIABLE.sub(lambda found: self._reference(stack, found[1]), text)
            case {"Fn::ImportValue": str(name)} if name in self._exports:
                return self.text(*self._exports[name])
        return json.dumps(value, sort_keys=True, ensure_ascii=False)

    def _reference(self, stack: str, name: str) -> str:
        if name in self._templates[stack].get("Resources", {}):
            return self.resource(stack, name)
        return "aws" if name == "AWS::Partition" else f"${{{name}}}"
