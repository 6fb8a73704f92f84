"""Participants with access ``scoped``: a user, a role for their jobs, and a gate to the workflow for each."""

from __future__ import annotations

from aws_cdk import Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.gate import gate_definition
from infra.machine_dependency import wait_for_the_policy_alone
from infra.names import Names
from infra.passed_roles import PassedRoles
from infra.scoped_permissions import PARTICIPANT_TAG, USER_TAG, ScopedPermissions
from infra.settings import Settings


class ScopedParticipants(Construct):
    """Two policies for all users and one for all their jobs' roles, which is the roles' permissions boundary, too.

    The users have a boundary that says the same in fewer words: whatever else is ever attached to them, others' things
    stay closed. Users, policy and boundary have the ids that they have with access ``full``: a change between the two
    keeps them, and the users' keys.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        bucket: s3.IBucket,
        state_machine: sfn.StateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names, self._bucket, self._state_machine = names, bucket, state_machine
        self._log_group = logs.LogGroup.from_log_group_name(self, "WorkflowLog", names.workflow_log_group)
        permissions = ScopedPermissions(Stack.of(self), settings=settings, names=names, bucket=bucket)
        policy = self._policy(
            "Policy",
            names.participant_policy,
            "All that the workshop's participants can do outside of SageMaker",
            permissions.of_participants(),
        )
        in_sagemaker = self._policy(
            "SageMakerPolicy",
            names.participant_sagemaker,
            "All that the workshop's participants can do in SageMaker",
            permissions.in_sagemaker(),
        )
        boundary = self._policy(
            "Boundary",
            names.participant_boundary,
            "The most that the workshop's participants can do, whatever else is attached to them",
            permissions.boundary(),
        )
        of_jobs = self._policy(
            "JobPolicy",
            names.job_policy,
            "All that the participants' jobs and endpoints can do",
            permissions.of_jobs(),
        )
        gate_role = iam.Role(
            self,
            "GateRole",
            role_name=names.gate_role,
            description="Lets gates start the workflow",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        )
        state_machine.grant_start_execution(gate_role)
        PassedRoles(
            self, "PassedRoles", names=names, participants=settings.participants, workflow_role=state_machine.role
        )
        for participant in settings.participants:
            user = iam.User(
                self,
                participant,
                user_name=names.user(participant),
                managed_policies=[policy, in_sagemaker],
                permissions_boundary=boundary,
            )
            role = iam.Role(
                self,
                f"{participant}-jobs",
                role_name=names.job_role(participant),
                description=f"Runs jobs and endpoints of {participant}",
                assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
                managed_policies=[of_jobs],
                permissions_boundary=of_jobs,
            )
            for principal in (user, role):
                Tags.of(principal).add(USER_TAG, names.user(participant))
                Tags.of(principal).add(PARTICIPANT_TAG, names.runner(participant))
            self._gate(participant, gate_role)

    def _policy(
        self, construct_id: str, name: str, description: str, statements: list[iam.PolicyStatement]
    ) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self, construct_id, managed_policy_name=name, description=description, statements=statements
        )

    def _gate(self, participant: str, role: iam.IRole) -> None:
        definition = gate_definition(
            self._names,
            participant,
            workflow_arn=self._state_machine.state_machine_arn,
            bucket=self._bucket.bucket_name,
        )
        gate = sfn.StateMachine(
            self,
            f"{participant}-start",
            state_machine_name=self._names.gate(participant),
            comment=f"Starts runs of {participant}",
            definition_body=sfn.DefinitionBody.from_string(definition),
            role=role,
            logs=sfn.LogOptions(destination=self._log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        wait_for_the_policy_alone(gate, role)
