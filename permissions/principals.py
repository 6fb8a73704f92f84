"""Who calls: by the pattern of a user's or a role's name, so that nobody has to list them."""

from __future__ import annotations

import re
from collections.abc import Collection

ORGANISER, DEPLOYER = "organiser", "deployer"
OF_THE_CDK = "CDK's"
PARTICIPANT, POWER_USER = "participant", "participant with power_user"
EXECUTION, WORKFLOW = "execution role", "workflow role"
SAGEMAKER_FULL_ACCESS, POWER_USER_ACCESS = "AmazonSageMakerFullAccess", "PowerUserAccess"
SCOPED = "with access scoped"
PASSES_JOB_ROLES = "-pass-job-roles-"  # in the names of policies that the workflow's role has with access scoped
# The first pattern that a role's name holds.
ROLES = (
    (re.compile(r"^cdk-[a-z0-9]+-(?P<purpose>[a-z-]+)-role-"), OF_THE_CDK + " {purpose} role"),
    (re.compile(r"ImageBuildProjectRole"), "image build role"),
    (re.compile(r"StateMachineRole"), WORKFLOW),
    (re.compile(r"-endpoint-expiry$"), "expiry role"),
    (re.compile(r"-sagemaker-execution$"), EXECUTION),
    (re.compile(r"^<workshop>-preprocessing$"), "preprocessing role"),
    (re.compile(r"^<workshop>--<participant>-jobs$"), "participant's job role"),
    (re.compile(r"^<workshop>-gates$"), "gate role"),
)
# Who does whatever somebody else does, and more: the workflow of one mode makes the other's calls, too.
DOES_AS = {POWER_USER: PARTICIPANT, f"{WORKFLOW} {SCOPED}": WORKFLOW}


def kind_of_role(name: str, policies: Collection[str]) -> str:
    """``name`` with placeholders, ``policies`` are the names of managed policies that are attached to the role.

    A role of no known pattern is called by its name.
    """
    for pattern, kind in ROLES:
        if match := pattern.search(name):
            return with_access(kind.format(**match.groupdict()), policies)
    return f"role {name}"


def kind_of_user(policies: Collection[str]) -> str:
    """A participant in one of the modes of access, by the names of the policies attached to the user."""
    if POWER_USER_ACCESS in policies:
        return POWER_USER
    return with_access(PARTICIPANT, policies)


def with_access(kind: str, policies: Collection[str]) -> str:
    """With the mode of access, where a principal is called alike in both and may do different things."""
    if kind == WORKFLOW:
        is_scoped = any(PASSES_JOB_ROLES in each for each in policies)
    else:
        is_scoped = kind in (PARTICIPANT, EXECUTION) and SAGEMAKER_FULL_ACCESS not in policies
    return f"{kind} {SCOPED}" if is_scoped else kind
