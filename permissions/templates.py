"""The identities of synthesised templates, with the documents of their policies; intrinsic functions resolved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from chitra.errors import WorkshopError

AWS_MANAGED = "arn:aws:iam::aws:policy/"
Template = Mapping[str, Any]

# Of a type: the property that names it, and its ARN after the account.
TYPES = {
    "AWS::IAM::Role": ("RoleName", "arn:aws:iam::{account}:role/{name}"),
    "AWS::IAM::User": ("UserName", "arn:aws:iam::{account}:user/{name}"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "arn:aws:iam::{account}:policy/{name}"),
    "AWS::S3::Bucket": ("BucketName", "arn:aws:s3:::{name}"),
    "AWS::ECR::Repository": ("RepositoryName", "arn:aws:ecr:{region}:{account}:repository/{name}"),
    "AWS::CodeBuild::Project": ("Name", "arn:aws:codebuild:{region}:{account}:project/{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "arn:aws:logs:{region}:{account}:log-group:{name}:*"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "arn:aws:states:{region}:{account}:stateMachine:{name}"),
}
REFERRED_TO_BY_ARN = ("AWS::IAM::ManagedPolicy", "AWS::StepFunctions::StateMachine")


@dataclass(slots=True)
class Identity:
    """A user or a role; ``policies`` and ``boundary`` are names of documents in ``Policies``, ``attached`` are
    the managed ones without the rest of their ARNs."""

    arn: str
    attached: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    boundary: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


@dataclass(slots=True)
class Policies:
    """Of one app. ``own`` are the names of the documents that the project writes itself."""

    documents: dict[str, Any] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    of_buckets: dict[str, str] = field(default_factory=dict)

    @property
    def own(self) -> list[str]:
        return [name for name in self.documents if not name.startswith(AWS_MANAGED)]


def policies_of(templates: Mapping[str, Template], *, account: str, region: str) -> Policies:
    """``templates`` by the names of their stacks.

    Raises:
        WorkshopError: a template has a function that this module does not know.
    """
    stacks = _Stacks(templates, account, region)
    found = Policies()
    for stack, logical_id, resource in stacks.resources():
        _read(stacks, found, stack, logical_id, resource)
    for identity in found.identities.values():
        for arn in (*identity.policies, identity.boundary):
            if arn.startswith(AWS_MANAGED):
                found.documents[arn] = aws_managed(arn.removeprefix(AWS_MANAGED))
    return found


@cache
def aws_managed(name: str) -> Any:
    """The document that AWS publishes, as moto ships it."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return json.loads(aws_managed_policies_data)[name.rpartition("/")[2]]["Document"]


def _read(stacks: _Stacks, found: Policies, stack: str, logical_id: str, resource: Any) -> None:
    properties = stacks.resolve(stack, resource.get("Properties", {}))
    arn = stacks.arn(stack, logical_id)
    match resource["Type"]:
        case "AWS::IAM::Role" | "AWS::IAM::User":
            identity = found.identities.setdefault(arn, Identity(arn))
            identity.policies += properties.get("ManagedPolicyArns", [])
            identity.attached += [each.rpartition("/")[2] for each in properties.get("ManagedPolicyArns", [])]
            identity.boundary = properties.get("PermissionsBoundary", "")
            identity.tags = {each["Key"]: each["Value"] for each in properties.get("Tags", [])}
            for policy in properties.get("Policies", []):
                found.documents[f"{arn} {policy['PolicyName']}"] = policy["PolicyDocument"]
                identity.policies.append(f"{arn} {policy['PolicyName']}")
        case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
            name = arn if resource["Type"] == "AWS::IAM::ManagedPolicy" else f"{stack} {logical_id}"
            found.documents[name] = properties["PolicyDocument"]
            for kind, key in (("role", "Roles"), ("user", "Users")):
                for holder in properties.get(key, []):
                    holder_arn = f"arn:aws:iam::{stacks.account}:{kind}/{holder}"
                    identity = found.identities.setdefault(holder_arn, Identity(holder_arn))
                    identity.policies.append(name)
                    identity.attached += [arn.rpartition("/")[2]] if name == arn else []
        case "AWS::S3::BucketPolicy":
            found.documents[f"{stack} {logical_id}"] = properties["PolicyDocument"]
            found.of_buckets[properties["Bucket"]] = f"{stack} {logical_id}"


class _Stacks:
    """All templates of an app, which refer to each other by exports."""

    def __init__(self, templates: Mapping[str, Template], account: str, region: str) -> None:
        self._templates = templates
        self.account, self._region = account, region
        self._exports = {
            self.resolve(stack, output["Export"]["Name"]): (stack, output["Value"])
            for stack, template in templates.items()
            for output in template.get("Outputs", {}).values()
            if "Export" in output
        }

    def resources(self) -> Iterator[tuple[str, str, Any]]:
        for stack, template in self._templates.items():
            for logical_id, resource in template["Resources"].items():
                yield stack, logical_id, resource

    def arn(self, stack: str, logical_id: str) -> str:
        """Empty for types that no policy speaks of."""
        _, pattern = TYPES.get(self._type(stack, logical_id), ("", ""))
        return pattern.format(account=self.account, region=self._region, name=self._name(stack, logical_id))

    def _name(self, stack: str, logical_id: str) -> str:
        """What CloudFormation makes up for a thing without a name begins with stack and logical ID."""
        key, _ = TYPES.get(self._type(stack, logical_id), ("", ""))
        properties = self._templates[stack]["Resources"][logical_id].get("Properties", {})
        return str(self.resolve(stack, properties[key])) if key in properties else f"{stack}-{logical_id}"

    def _type(self, stack: str, logical_id: str) -> str:
        return str(self._templates[stack]["Resources"][logical_id]["Type"])

    def resolve(self, stack: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(stack, each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(stack, function, argument)
        return {key: self.resolve(stack, each) for key, each in value.items()}

    def _call(self, stack: str, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._ref(stack, argument)
            case "Fn::GetAtt":
                logical_id, attribute = argument
                return self.arn(stack, logical_id) if attribute == "Arn" else f"<{logical_id}.{attribute}>"
            case "Fn::Join":
                separator, parts = argument
                return separator.join(str(self.resolve(stack, part)) for part in parts)
            case "Fn::Sub":
                text = argument if isinstance(argument, str) else argument[0]
                for name in ("AWS::AccountId", "AWS::Region", "AWS::Partition"):
                    text = text.replace(f"${{{name}}}", self._ref(stack, name))
                return text
            case "Fn::ImportValue":
                return self.resolve(*self._exports[self.resolve(stack, argument)])
            case "Fn::Select" | "Fn::Split":
                return f"<{function}>"  # parts of ARNs, which stand in no policy
        raise WorkshopError(f"{function}: is no function that permissions/templates.py knows")

    def _ref(self, stack: str, name: str) -> str:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self._region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack,
        }
        if name in pseudo:
            return pseudo[name]
        if name not in self._templates[stack]["Resources"]:
            return f"<{name}>"  # a parameter
        if self._type(stack, name) in REFERRED_TO_BY_ARN:
            return self.arn(stack, name)
        return self._name(stack, name)
