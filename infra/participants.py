"""One IAM user per participant. Access keys are issued by `workshop credentials`, never by a template."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.execution_role import SAGEMAKER_FULL_ACCESS
from infra.names import Names

POWER_USER_ACCESS = "PowerUserAccess"


class Participants(Construct):
    """Users with AmazonSageMakerFullAccess and what that policy lacks: the bucket, the role, the workflow."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        participants: Sequence[str],
        power_user: bool,
        bucket: s3.IBucket,
        execution_role: iam.IRole,
        state_machine: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = names
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=f"{names.workshop}-participant",
            description="What the workshop's participants need beside AmazonSageMakerFullAccess",
            statements=self._statements(execution_role, state_machine),
        )
        bucket.grant_read_write(policy)
        aws_managed = [SAGEMAKER_FULL_ACCESS, *([POWER_USER_ACCESS] if power_user else [])]
        attached = [policy, *(iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in aws_managed)]
        self.users = [
            iam.User(self, participant, user_name=names.user(participant), managed_policies=attached)
            for participant in participants
        ]

    def _statements(self, execution_role: iam.IRole, state_machine: sfn.IStateMachine) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)

        def arn(service: str, resource: str) -> str:
            return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"

        return [
            iam.PolicyStatement(
                sid="UseTheExecutionRole",
                actions=["iam:PassRole"],
                resources=[execution_role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            iam.PolicyStatement(
                sid="RunTheWorkflow",
                actions=["states:StartExecution", "states:ListExecutions", "states:DescribeStateMachine"],
                resources=[state_machine.state_machine_arn],
            ),
            iam.PolicyStatement(
                sid="FollowExecutions",
                actions=["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"],
                resources=[arn("states", f"execution:{self._names.state_machine}:*")],
            ),
            iam.PolicyStatement(
                sid="FindTheDeployment",
                actions=["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
                resources=[
                    arn("ssm", f"parameter/{self._names.workshop}"),
                    arn("ssm", f"parameter/{self._names.workshop}/*"),
                ],
            ),
            iam.PolicyStatement(
                sid="ChangeOwnPassword",
                actions=["iam:ChangePassword", "iam:GetUser"],
                resources=[f"arn:{stack.partition}:iam::{stack.account}:user/${{aws:username}}"],
            ),
            iam.PolicyStatement(sid="ReadThePasswordRules", actions=["iam:GetAccountPasswordPolicy"], resources=["*"]),
            iam.PolicyStatement(
                sid="SeeWhenEndpointsEnd",
                actions=["scheduler:GetSchedule"],
                resources=[arn("scheduler", f"schedule/default/{self._names.run_prefix}*")],
            ),
            iam.PolicyStatement(sid="SeePrices", actions=["pricing:GetProducts"], resources=["*"]),
            iam.PolicyStatement(
                sid="ReadJobLogs",
                actions=["logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"],
                resources=[arn("logs", "log-group:/aws/sagemaker/*")],
            ),
        ]
