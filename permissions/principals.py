"""Who calls: by the pattern of a user's or a role's name, so that nobody has to list them."""

from __future__ import annotations

import re
from collections.abc import Collection

ORGANISER, DEPLOYER = "organiser", "deployer"
OF_THE_CDK = "CDK's"
PARTICIPANT, POWER_USER = "participant", "participant with power_user"
SAGEMAKER_FULL_ACCESS, POWER_USER_ACCESS = "AmazonSageMakerFullAccess", "PowerUserAccess"
# The first pattern that a role's name holds.
ROLES = (
    (re.compile(r"^cdk-[a-z0-9]+-(?P<purpose>[a-z-]+)-role-"), OF_THE_CDK + " {purpose} role"),
    (re.compile(r"ImageBuildProjectRole"), "image build role"),
    (re.compile(r"StateMachineRole"), "workflow role"),
    (re.compile(r"-endpoint-expiry$"), "expiry role"),
    (re.compile(r"-sagemaker-execution$"), "execution role"),
)


def kind_of_role(name: str) -> str:
    """``name`` with placeholders; a role of no known pattern is called by its name."""
    for pattern, kind in ROLES:
        if match := pattern.search(name):
            return kind.format(**match.groupdict())
    return f"role {name}"


def kind_of_user(policies: Collection[str]) -> str:
    """A participant in one of the modes of access, by the names of the policies attached to the user."""
    if POWER_USER_ACCESS in policies:
        return POWER_USER
    return PARTICIPANT if SAGEMAKER_FULL_ACCESS in policies else f"{PARTICIPANT} with access scoped"
