"""Resources that a change adds, changes, replaces or removes, and why CloudFormation replaces them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from review.differ import compare
from review.hashes import without_hashes
from review.sides import Side, Template

Kind = Literal["removed", "replaced", "changed", "added"]
KINDS: tuple[Kind, ...] = ("removed", "replaced", "changed", "added")
# What holds data that is gone with the resource.
DATA = (
    *("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::RDS::DBInstance"),
    *("AWS::RDS::DBCluster", "AWS::EFS::FileSystem", "AWS::KMS::Key", "AWS::ECR::Repository", "AWS::Logs::LogGroup"),
    *("AWS::SecretsManager::Secret", "AWS::SQS::Queue", "AWS::Cognito::UserPool"),
)
IDENTITIES = ("AWS::IAM::User", "AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
_IMPACTS: dict[str, Kind] = {
    "WILL_CREATE": "added",
    "WILL_IMPORT": "added",
    "WILL_DESTROY": "removed",
    "WILL_ORPHAN": "removed",
    "WILL_REPLACE": "replaced",
    "MAY_REPLACE": "replaced",
    "WILL_UPDATE": "changed",
}
_CERTAIN, _POSSIBLE = "WILL_REPLACE", "MAY_REPLACE"


@dataclass(frozen=True)
class Change:
    """``properties`` and attributes that differ, where the resource is on both sides; ``dropped`` are those that go."""

    kind: Kind
    stack: str
    logical_id: str
    type: str
    why: str
    properties: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, int, str, str, str]:
        """The worst first."""
        holds = 0 if self.type in DATA else 1 if self.type in IDENTITIES else 2
        return KINDS.index(self.kind), holds, self.type, self.stack, self.logical_id


@dataclass(frozen=True)
class Changes:
    """``others`` are outputs, parameters and the like; ``renamed`` are stacks that get another name."""

    resources: list[Change] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)


def changes_between(base: Side, head: Side) -> Changes:
    """What a deployment of the head would do where the base is deployed."""
    before, after = base.stacks(), head.stacks()
    both = [key for key in after if key in before]
    renamed = {before[key]: after[key] for key in both if before[key] != after[key]}
    keys = [*both, *sorted(before.keys() ^ after)]
    pairs = [(_plain(base, before.get(key)), _plain(head, after.get(key))) for key in keys]
    stacks = [after.get(key) or before[key] for key in keys]
    changes = Changes(renamed=renamed)
    moved = {new: old for old, new in renamed.items()}
    for stack, answer in zip(stacks, compare(pairs), strict=True):
        changes.others.extend(f"{stack}, {other}" for other in answer["others"])
        found = [_change(stack, each) for each in answer["resources"] if _counts(each)]
        if old := moved.get(stack):
            every = {**base.templates[old]["Resources"], **head.templates[stack]["Resources"]}
            found = _moved(old, stack, every, found)
        changes.resources.extend(found)
    changes.resources.sort(key=lambda each: each.rank)
    changes.others.sort()
    return changes


def _plain(side: Side, stack: str | None) -> Template:
    """A template without what means nothing to AWS: hashes, metadata, the CDK's own telemetry."""
    if stack is None:
        return {}
    template: Template = without_hashes(side.templates[stack], side.assets)
    resources = {
        logical_id: {key: value for key, value in resource.items() if key != "Metadata"}
        for logical_id, resource in template.get("Resources", {}).items()
        if resource["Type"] != "AWS::CDK::Metadata"
    }
    return {**template, "Resources": resources}


def _counts(found: dict[str, Any]) -> bool:
    """What the library knows no schema of has no impact, but properties that differ."""
    differs = found["impact"] in _IMPACTS or found["properties"] or found["attributes"]
    return bool(differs) or found["old_type"] not in (None, found["type"])


def _change(stack: str, found: dict[str, Any]) -> Change:
    every = [*found["properties"], *found["attributes"]]
    names = tuple(sorted(each["name"] for each in every))
    is_other = found["old_type"] not in (None, found["type"])
    kind: Kind = "replaced" if is_other else _IMPACTS.get(found["impact"], "changed")
    dropped = tuple(each["name"] for each in every if each["dropped"])
    return Change(kind, stack, found["logical_id"], found["type"], _why(found, names), names, dropped)


def _why(found: dict[str, Any], names: tuple[str, ...]) -> str:
    if found["old_type"] not in (None, found["type"]):
        return f"was of type {found['old_type']}"
    match found["impact"]:
        case "WILL_CREATE" | "WILL_IMPORT":
            return "new in the template"
        case "WILL_DESTROY":
            return "no longer in the template: it is deleted"
        case "WILL_ORPHAN":
            return "no longer in the template: it stays in the account, outside of the stack"
        case "WILL_REPLACE":
            return f"{_listed(found, _CERTAIN)} cannot be changed in place"
        case "MAY_REPLACE":
            return f"a change of {_listed(found, _POSSIBLE)} may need a new one"
    return f"{', '.join(names)} changed"


def _listed(found: dict[str, Any], impact: str) -> str:
    return ", ".join(each["name"] for each in found["properties"] if each["impact"] == impact)


def _moved(old: str, new: str, resources: dict[str, Any], changes: list[Change]) -> list[Change]:
    """All of a stack that gets another name: CloudFormation makes a second stack and moves nothing."""
    why = f"stack {old} becomes {new}: a second one is made beside it, and the first stays until it is deleted"
    known = {change.logical_id: change for change in changes}
    plain = {key: each["Type"] for key, each in resources.items() if each["Type"] != "AWS::CDK::Metadata"}
    every = [known.get(key, Change("replaced", new, key, kind, why)) for key, kind in plain.items()]
    return [replace(change, kind="replaced", why=why) for change in every]
