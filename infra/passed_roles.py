"""Whose jobs the workflow may start with access ``scoped``: the role of each participant's, by its name."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.names import Names

# A managed policy holds 6,144 characters, an ARN of such a role has 90 at most. A role takes ten managed policies.
ROLES_PER_POLICY = 50


class PassedRoles(Construct):
    """Policies of the workflow's role, in the participants' stack: who comes or goes changes no other stack.

    The roles are named as texts, not as references, so that the policies are as long as a test finds them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        participants: Sequence[str],
        workflow_role: iam.IRole,
    ) -> None:
        super().__init__(scope, construct_id)
        roles = [
            Stack.of(self).format_arn(service="iam", region="", resource="role", resource_name=names.job_role(each))
            for each in participants
        ]
        for number, first in enumerate(range(0, len(roles), ROLES_PER_POLICY), 1):
            iam.ManagedPolicy(
                self,
                str(number),
                managed_policy_name=names.pass_policy(number),
                description="Lets the workflow start participants' jobs and endpoints with their own roles",
                roles=[workflow_role],
                statements=[
                    iam.PolicyStatement(
                        sid="PassJobRoles",
                        actions=["iam:PassRole"],
                        resources=roles[first : first + ROLES_PER_POLICY],
                        conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                    )
                ],
            )
