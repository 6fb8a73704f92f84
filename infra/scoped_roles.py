"""The workshop's own execution roles with access ``scoped``: the organiser's, and that of preprocessing."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.job_permissions import JobPermissions
from infra.names import (
    CHECKPOINTS_PREFIX,
    CLASSIFIED_PREFIX,
    CORPORA_PREFIX,
    CORPUS_PREFIX,
    DATASET_JOBS,
    DATASETS_PREFIX,
    MODELS_PREFIX,
    SMOKE_PREFIX,
    USERS_PREFIX,
    Names,
)


class ScopedRoles(Construct):
    """Participants may pass neither: only that of preprocessing writes datasets, which all runs share.

    The construct's id is that of ``ExecutionRole``, which it stands for, so that a change of access keeps the role.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, permissions: JobPermissions) -> None:
        super().__init__(scope, construct_id)
        corpora = (CORPUS_PREFIX, CORPORA_PREFIX)
        self.execution = self._role(
            "Role",
            names.execution_role,
            "Runs the organiser's training jobs and endpoints",
            permissions.statements(
                read=[*corpora, DATASETS_PREFIX, USERS_PREFIX],
                write=[MODELS_PREFIX, CHECKPOINTS_PREFIX, SMOKE_PREFIX, CLASSIFIED_PREFIX],
                jobs=f"{names.run_prefix}*",
            ),
        )
        self._role(
            "Preprocessing",
            names.preprocessing_role,
            "Makes the datasets that the workshop's runs share",
            permissions.statements(read=corpora, write=[DATASETS_PREFIX], jobs=f"{names.run_prefix}{DATASET_JOBS}-*"),
        )

    def _role(self, construct_id: str, name: str, description: str, allowed: Sequence[iam.PolicyStatement]) -> iam.Role:
        return iam.Role(
            self,
            construct_id,
            role_name=name,
            description=description,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            inline_policies={"Jobs": iam.PolicyDocument(statements=list(allowed))},
        )
