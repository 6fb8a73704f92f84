"""Three thin stacks: what stays, what works, and who may use it."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, DefaultStackSynthesizer, Environment, Stack, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.budget import WorkshopBudget
from infra.discovery import Discovery
from infra.execution_role import ExecutionRole
from infra.image import WorkshopImage
from infra.job_permissions import JobPermissions
from infra.limits import Limits
from infra.names import BOOTSTRAP_QUALIFIER, Names
from infra.participants import Participants
from infra.scoped_participants import ScopedParticipants
from infra.scoped_roles import ScopedRoles
from infra.settings import TAG_KEY, Settings
from infra.storage import Storage
from infra.workflow import Workflow


class FoundationStack(Stack):
    """The bucket, the roles that jobs run with, and the budget where there is one."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, names: Names, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.bucket = Storage(
            self,
            "Storage",
            bucket_name=names.bucket(self.account, self.region),
            retention_days=settings.retention_days,
        ).bucket
        self.execution_role = self._create_execution_role(settings, names)
        if settings.budget and settings.budget.email:
            WorkshopBudget(self, "Budget", names=names, amount=settings.budget.amount, email=settings.budget.email)

    def _create_execution_role(self, settings: Settings, names: Names) -> iam.IRole:
        if settings.access == "scoped":
            permissions = JobPermissions(self, settings=settings, names=names, bucket=self.bucket)
            return ScopedRoles(self, "Execution", names=names, permissions=permissions).execution
        limits = _limits(self, settings, names, self.bucket)
        return ExecutionRole(self, "Execution", names=names, bucket=self.bucket, limits=limits).role


class WorkflowStack(Stack):
    """The images, the state machine and the parameters that tell where everything is."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        foundation: FoundationStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        images = WorkshopImage(self, "Image", settings=settings, names=names).images
        self.state_machine = Workflow(
            self,
            "Workflow",
            settings=settings,
            names=names,
            bucket=foundation.bucket,
            execution_role=foundation.execution_role,
            images=images,
        ).state_machine
        # With access scoped participants' stack adds to this role; CloudFormation takes no export away that is in use.
        self.export_value(self.state_machine.role.role_name)
        values = {
            "bucket": foundation.bucket.bucket_name,
            "execution-role": foundation.execution_role.role_arn,
            "workflow": self.state_machine.state_machine_arn,
            "image": images.preprocessing,
            "training-image": images.training,
            "endpoint-image": images.endpoint,
            "access": settings.access,
        }
        Discovery(self, "Discovery", names=names, values=values)


class ParticipantsStack(Stack):
    """The IAM users; with access ``scoped`` each with a role for their jobs and a gate to the workflow."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        foundation: FoundationStack,
        workflow: WorkflowStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        if settings.access == "scoped":
            ScopedParticipants(
                self,
                "Participants",
                settings=settings,
                names=names,
                bucket=foundation.bucket,
                state_machine=workflow.state_machine,
            )
            return
        Participants(
            self,
            "Participants",
            names=names,
            participants=settings.participants,
            power_user=settings.power_user,
            bucket=foundation.bucket,
            execution_role=foundation.execution_role,
            state_machine=workflow.state_machine,
            limits=_limits(self, settings, names, foundation.bucket),
        )


def _limits(stack: Stack, settings: Settings, names: Names, bucket: s3.IBucket) -> Limits:
    return Limits(stack, names=names, instance_types=settings.instance_types, bucket=bucket)


def build_app(app: App, settings: Settings) -> App:
    """All stacks of one workshop, in the settings' region and whichever account deploys them."""
    names = Names(settings.name)

    def common() -> dict[str, Any]:
        return {
            "settings": settings,
            "names": names,
            "env": Environment(region=settings.region),
            "synthesizer": _staged_under_own_names(names),
        }

    foundation = FoundationStack(
        app, names.foundation_stack, description="chiTra hands-on: bucket and execution role", **common()
    )
    workflow = WorkflowStack(
        app,
        names.workflow_stack,
        description="chiTra hands-on: image and workflow",
        foundation=foundation,
        **common(),
    )
    ParticipantsStack(
        app,
        names.participants_stack,
        description="chiTra hands-on: participants",
        foundation=foundation,
        workflow=workflow,
        **common(),
    )
    Tags.of(app).add(TAG_KEY, settings.name)
    return app


def _staged_under_own_names(names: Names) -> DefaultStackSynthesizer:
    """Templates and images carry the workshop's prefix in the bootstrap bucket and repository, so that teardown finds
    those of every deployment."""
    return DefaultStackSynthesizer(
        qualifier=BOOTSTRAP_QUALIFIER, bucket_prefix=names.staging_prefix, docker_tag_prefix=names.run_prefix
    )
