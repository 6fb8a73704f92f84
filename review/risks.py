"""What makes a permission worth a second look."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase

from review.statements import BUT

ADMINISTRATOR = "administrator"
EVERYBODY = "everybody"
ESCALATION = "escalation"
DENY_LIFTED = "a Deny is lifted"
DENY_CHANGED = "a Deny has other conditions"
DENY_ADDED = "a Deny is added"
BOUNDARY_LIFTED = "a permissions boundary is lifted"
BOUNDARY_SET = "a permissions boundary is set"
IN_BOUNDARY = "within a boundary: a limit, no grant"
UNSEEN = "a policy outside of the templates"
MEMBER = "is in a group"
LOOSE = "attached to nobody here"
MANAGED = "AWS managed policy"
EVERY_ACTION = "every action"
EVERY_RESOURCE = "every resource"
PASSES_ROLES = "passes roles"
TO_ANY_SERVICE = "passes roles to any service"

# With any of these, somebody can give themselves what they were not given.
_ESCALATIONS = (
    *("iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy"),
    *("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:CreatePolicyVersion"),
    *("iam:SetDefaultPolicyVersion", "iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy"),
    *("iam:UpdateAssumeRolePolicy", "iam:DeleteUserPermissionsBoundary", "iam:DeleteRolePermissionsBoundary"),
    *("iam:PutUserPermissionsBoundary", "iam:PutRolePermissionsBoundary", "lambda:UpdateFunctionCode"),
    *("iam:DetachUserPolicy", "iam:DeleteUserPolicy", "iam:DetachRolePolicy", "iam:DeleteRolePolicy"),
    *("iam:RemoveUserFromGroup", "states:UpdateStateMachine", "codebuild:UpdateProject"),
)
_OF_ROLES, _TO_SERVICE = "iam:PassRole", "iam:passedtoservice"
_ADMINISTRATOR_POLICIES = ("AdministratorAccess",)
_ESCALATING_POLICIES = ("IAMFullAccess", "PowerUserAccess", "AWSCloudFormationFullAccess", "AWSLambda_FullAccess")


def marks_of_managed(name: str) -> list[str]:
    """Of a policy that is attached and that no template describes: AWS's by name, others by ARN."""
    worse = [(ADMINISTRATOR, _ADMINISTRATOR_POLICIES), (ESCALATION, _ESCALATING_POLICIES)]
    return [*(mark for mark, policies in worse if name in policies), UNSEEN if ":" in name else MANAGED]


def marks_of_allow(principal: str, actions: Iterable[str], resources: Iterable[str], condition: str) -> list[str]:
    """Of statements that allow something; ``condition`` is their JSON."""
    actions, resources = list(actions), list(resources)
    everywhere = any(each == "*" or each.startswith(BUT) for each in resources)
    unbounded = any(each == "*" or each.startswith(BUT) for each in actions)
    marks = []
    if unbounded and everywhere and condition == "{}":
        marks.append(ADMINISTRATOR)
    if principal == "*" or principal.startswith(BUT):
        marks.append(EVERYBODY)
    # `*` on a bucket opens no identity.
    acting = [each for each in actions if each != "*" or everywhere or any(":iam:" in text for text in resources)]
    if escalations := sorted({each for action in acting for each in _ESCALATIONS if _allows(action, each)}):
        marks.append(f"{ESCALATION}: {', '.join(escalations[:3])}{' and more' if len(escalations) > 3 else ''}")
    if any(_allows(action, _OF_ROLES) for action in acting):
        marks.append(PASSES_ROLES if _names_services(condition) else TO_ANY_SERVICE)
    if unbounded:
        marks.append(EVERY_ACTION)
    marks.extend(f"{EVERY_ACTION} of {each[:-2]}" for each in actions if each.endswith(":*"))
    if everywhere:
        marks.append(EVERY_RESOURCE)
    return marks


def _names_services(condition: str) -> bool:
    """Whether roles may be passed to services that the condition names, and to no other."""
    return any(
        key.lower() == _TO_SERVICE and "*" not in json.dumps(services)
        for operator, keys in json.loads(condition).items()
        if operator.rpartition(":")[2] in ("StringEquals", "StringLike")
        for key, services in keys.items()
    )


def _allows(pattern: str, action: str) -> bool:
    """Whether an action's pattern covers an action. Of NotAction it is not asked: ``unbounded`` says enough."""
    return fnmatchcase(action.lower(), pattern.lower())
