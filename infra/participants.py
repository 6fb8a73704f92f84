"""One IAM user per participant. Access keys are issued by `workshop credentials`, never by a template."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.execution_role import SAGEMAKER_FULL_ACCESS
from infra.limits import Limits
from infra.names import BUDGET_PREFIX, CORPORA_PREFIX, CORPUS_PREFIX, EXPORTS_PREFIX, MADE_BY_JOBS, Names
from infra.power_user import power_user_limits

POWER_USER_ACCESS = "PowerUserAccess"


class Participants(Construct):
    """Users with AmazonSageMakerFullAccess and what that policy lacks: the bucket, the role, the workflow.

    ``limits`` take from AmazonSageMakerFullAccess what is not the workshop's. The boundary says where objects may be
    written: a Deny can name the folders of all users or of none, only an Allow can leave each one their own.
    """

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
        limits: Limits,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = names
        policy = self._policy(
            "Policy",
            names.participant_policy,
            "What the workshop's participants need beside AmazonSageMakerFullAccess",
            self._statements(execution_role, state_machine),
        )
        bucket.grant_read_write(policy)
        limited = self._policy(
            "Limits",
            names.participant_limits,
            "What the workshop's participants may not do, whatever else allows it",
            [*limits.statements(), limits.unneeded_services()],
        )
        boundary = self._policy(
            "Boundary", names.participant_boundary, "Where participants may write objects", _own_folders(bucket)
        )
        aws_managed = [SAGEMAKER_FULL_ACCESS, *([POWER_USER_ACCESS] if power_user else [])]
        attached = [policy, limited, *(iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in aws_managed)]
        if power_user:
            statements = power_user_limits(Stack.of(self), names)
            text = "What PowerUserAccess may not open to the workshop's participants"
            attached.append(self._policy("PowerUserLimits", names.power_user_limits, text, statements))
        self.users = [
            iam.User(
                self,
                participant,
                user_name=names.user(participant),
                managed_policies=attached,
                permissions_boundary=boundary,
            )
            for participant in participants
        ]

    def _policy(
        self, construct_id: str, name: str, description: str, statements: list[iam.PolicyStatement]
    ) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self, construct_id, managed_policy_name=name, description=description, statements=statements
        )

    def _statements(self, execution_role: iam.IRole, state_machine: sfn.IStateMachine) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)

        def arn(service: str, resource: str) -> str:
            return stack.format_arn(service=service, resource=resource, arn_format=ArnFormat.NO_RESOURCE_NAME)

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
                actions=["ssm:GetParameters"],
                resources=[arn("ssm", f"parameter/{self._names.workshop}/*")],
            ),
            iam.PolicyStatement(
                sid="ChangeOwnPassword",
                actions=["iam:ChangePassword", "iam:GetUser"],
                resources=[
                    stack.format_arn(service="iam", region="", resource="user", resource_name="${aws:username}")
                ],
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


def _own_folders(bucket: s3.IBucket) -> list[iam.PolicyStatement]:
    """Folders that are shared may be read, and written where they are the user's own; nothing else is restricted."""

    def objects(*prefixes: str) -> list[str]:
        return [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]

    shared = objects(CORPUS_PREFIX, CORPORA_PREFIX, EXPORTS_PREFIX, BUDGET_PREFIX, *MADE_BY_JOBS)
    own = objects(*(f"{prefix}${{aws:username}}/" for prefix in (CORPORA_PREFIX, EXPORTS_PREFIX)))
    return [
        iam.PolicyStatement(actions=["*"], not_resources=shared),
        iam.PolicyStatement(actions=["s3:Get*", "s3:List*"], resources=shared),
        iam.PolicyStatement(actions=["s3:Put*", "s3:Delete*", "s3:Abort*"], resources=own),
    ]
