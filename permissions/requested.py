"""What the deployer's and the organiser's own identities need, as policies to ask an administrator for."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra.settings import PROJECT
from permissions.principals import DEPLOYER, ORGANISER
from permissions.recorded import Call
from workshop.aws.permissions import BOOTSTRAP_ACTIONS, ORGANISER_ACTIONS

TEARDOWN = "teardown"  # of what no rehearsal makes, and the account may have all the same: the organiser's, too
FILES = {kind: PROJECT / "docs" / f"{kind}-policy.json" for kind in (DEPLOYER, ORGANISER, TEARDOWN)}
WORKSHOP = "chitra"
EVERYTHING = ("*",)
# Teardown finds things by their tag, whatever they are called.
OF_ANYTHING = frozenset(each for each in ORGANISER_ACTIONS if each.startswith("sagemaker:"))
PLACEHOLDER = re.compile(r"<(?!workshop>)[a-z ]+>")
# Whatever the workshop has of a kind: the rehearsal touched but some of it. The first that fits.
WIDENED = (
    (re.compile(r"^(arn:aws:s3:::cdk-[^/]+/<workshop>)/.*"), r"\1/*"),
    (re.compile(r"^(arn:aws:s3:::[^/]+)/.*"), r"\1/*"),
    (re.compile(r"^(arn:aws:logs:[^/]*:log-group:/aws/sagemaker/).*"), r"\1*"),
    (re.compile(r"^(arn:aws:logs:[^/]*:log-group:/aws/codebuild/<workshop>-).*"), r"\1*"),
    (re.compile(r"^(arn:aws:(?:codebuild|ecr):.*/<workshop>-).*"), r"\1*"),
    (re.compile(r"^(arn:aws:states:.*<workshop>-).*"), r"\1*"),
    (re.compile(r"^(arn:aws:(?:sagemaker|scheduler|ssm):.*<workshop>(?:--|/)).*"), r"\1*"),
    (re.compile(r"^(arn:aws:iam::.*:user/<workshop>-).*"), r"\1*"),
    (re.compile(r"^(arn:aws:iam::.*:role/cdk-).*"), r"\1*"),
    (re.compile(r"^(arn:aws:cloudformation:.*:stack/<workshop>-).*"), r"\1*"),
)
# Each of their actions is about one type of resource only, so that one statement for all of a service says the same.
UNITED = ("iam", "states")
SERVICE_OF_ROLES = "iam:PassedToService"
# Where an action may be called that no recording has; anywhere, if it is not here. The first that fits.
UNSEEN = (
    ("iam:*LoginProfile", "arn:aws:iam::*:user/<workshop>-*"),
    ("iam:*AccessKey", "arn:aws:iam::*:user/<workshop>-*"),
    ("iam:GetPolicy", "arn:aws:iam::*:policy/<workshop>-*"),
    ("iam:GetRole", "arn:aws:iam::*:role/<workshop>-*"),
    ("iam:PassRole", "arn:aws:iam::*:role/<workshop>-*"),
    ("codebuild:*Project", "arn:aws:codebuild:*:*:project/<workshop>-*"),
    ("codebuild:*Build", "arn:aws:codebuild:*:*:project/<workshop>-*"),
    ("ecr:DeleteRepository", "arn:aws:ecr:*:*:repository/<workshop>-*"),
    ("s3:DeleteBucket", "arn:aws:s3:::<workshop>-sagemaker-*-*"),
    ("scheduler:*Schedule", "arn:aws:scheduler:*:*:schedule/default/<workshop>--*"),
    ("ssm:DeleteParameters", "arn:aws:ssm:*:*:parameter/<workshop>/*"),
    ("states:StopExecution", "arn:aws:states:*:*:execution:<workshop>-*"),
    ("states:DeleteStateMachine", "arn:aws:states:*:*:stateMachine:<workshop>-*"),
)


def policy(kind: str, calls: Iterable[Call]) -> dict[str, Any]:
    """For a workshop of the name in ``WORKSHOP``, in any account and region."""
    called: dict[str, set[str]] = defaultdict(set)
    services = set[str]()
    for call in calls:
        if call.allowed and call.principal == (ORGANISER if kind == TEARDOWN else kind):
            called[call.action].add(_wide(call.resource))
            services |= {json.loads(call.conditions).get(SERVICE_OF_ROLES, "")} - {""}
    resources = dict(called)
    if kind == DEPLOYER:
        resources = {each: {_place(each)} for each in BOOTSTRAP_ACTIONS} | resources
    elif kind == TEARDOWN:
        resources = {each: {_place(each)} for each in ORGANISER_ACTIONS if each not in called}
    resources = {action: {"*"} if action in OF_ANYTHING else on for action, on in resources.items()}
    passes = _passes(resources.pop("iam:PassRole", set()), services)
    statements: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, on in sorted(resources.items()):
        statements[EVERYTHING if "*" in on else tuple(sorted(on | _united(action, resources)))].append(action)
    listed = [
        {"Effect": "Allow", "Action": actions, "Resource": list(on)} for on, actions in sorted(statements.items())
    ]
    return {"Version": "2012-10-17", "Statement": [*listed, *passes]}


def _place(action: str) -> str:
    return _wide(next((on for pattern, on in UNSEEN if fnmatchcase(action, pattern)), "*"))


def _united(action: str, resources: dict[str, set[str]]) -> set[str]:
    service = action.partition(":")[0]
    if service not in UNITED:
        return set()
    return {on for each, places in resources.items() if each.startswith(f"{service}:") for on in places} - {"*"}


def _passes(roles: set[str], services: set[str]) -> list[dict[str, Any]]:
    if not roles:
        return []
    condition = {"StringEquals": {SERVICE_OF_ROLES: sorted(services)}}
    return [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": sorted(roles), "Condition": condition}]


def policy_text(kind: str, calls: Mapping[Call, set[str]]) -> str:
    return json.dumps(policy(kind, calls), indent=2) + "\n"


def _wide(resource: str) -> str:
    for pattern, widened in WIDENED:
        if pattern.match(resource):
            resource = pattern.sub(widened, resource)
            break
    return PLACEHOLDER.sub("*", resource).replace("<workshop>", WORKSHOP)
