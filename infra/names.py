"""What everything is called, in one place. Commands find a deployment by these names alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Names derived from the workshop's name."""

    workshop: str

    @property
    def foundation_stack(self) -> str:
        return f"{self.workshop}-foundation"

    @property
    def workflow_stack(self) -> str:
        return f"{self.workshop}-workflow"

    @property
    def participants_stack(self) -> str:
        return f"{self.workshop}-participants"

    @property
    def stacks(self) -> tuple[str, str, str]:
        """In the order of deployment."""
        return self.foundation_stack, self.workflow_stack, self.participants_stack

    @property
    def execution_role(self) -> str:
        return f"{self.workshop}-sagemaker-execution"

    @property
    def expiry_role(self) -> str:
        return f"{self.workshop}-endpoint-expiry"

    @property
    def execution_boundary(self) -> str:
        return f"{self.workshop}-execution-boundary"

    @property
    def participant_policy(self) -> str:
        return f"{self.workshop}-participant"

    @property
    def participant_limits(self) -> str:
        return f"{self.workshop}-participant-limits"

    @property
    def participant_boundary(self) -> str:
        return f"{self.workshop}-participant-boundary"

    @property
    def power_user_limits(self) -> str:
        return f"{self.workshop}-power-user-limits"

    @property
    def state_machine(self) -> str:
        return f"{self.workshop}-workflow"

    @property
    def workflow_log_group(self) -> str:
        return f"/aws/vendedlogs/states/{self.workshop}-workflow"

    @property
    def image_repository(self) -> str:
        """Of images that `workshop build-image` makes; those of `cdk deploy` are in the bootstrap repository."""
        return f"{self.workshop}-image"

    @property
    def build_project(self) -> str:
        return f"{self.workshop}-image"

    @property
    def build_log_group(self) -> str:
        return f"/aws/codebuild/{self.workshop}-image"

    @property
    def run_prefix(self) -> str:
        """Jobs, models, endpoints and schedules are called ``<workshop>--<execution name>``.

        A workshop's name holds no double hyphen, so ``chitra`` and ``chitra-2`` never match each other's.
        """
        return f"{self.workshop}--"

    @property
    def staging_prefix(self) -> str:
        """Of the templates that `cdk deploy` puts into the bootstrap bucket; images there begin with ``run_prefix``."""
        return f"{self.workshop}/"

    def bucket(self, account: str, region: str) -> str:
        """Holds ``sagemaker``, which AmazonSageMakerFullAccess asks of bucket names."""
        return f"{self.workshop}-sagemaker-{account}-{region}"

    def user(self, participant: str) -> str:
        return f"{self.workshop}-{participant}"

    def corpus_prefix(self, participant: str) -> str:
        """Of the user's own corpus, or, when empty, of the workshop's."""
        return f"{CORPORA_PREFIX}{participant}/" if participant else CORPUS_PREFIX

    def parameter(self, key: str) -> str:
        """SSM parameter that says what a deployment offers, one of ``PARAMETER_KEYS``."""
        return f"/{self.workshop}/{key}"


def bootstrap_bucket(account: str, region: str) -> str:
    """Where `cdk deploy` stages templates."""
    return f"cdk-{BOOTSTRAP_QUALIFIER}-assets-{account}-{region}"


def bootstrap_repository(account: str, region: str) -> str:
    """Where `cdk deploy` pushes images."""
    return f"cdk-{BOOTSTRAP_QUALIFIER}-container-assets-{account}-{region}"


def bootstrap_roles(account: str, region: str, *, images: bool) -> list[str]:
    """ARNs of the roles that the CDK CLI assumes in a deployment; ``images`` are among what it stages."""
    purposes = ("deploy", "file-publishing", *(("image-publishing",) if images else ()))
    names = (f"cdk-{BOOTSTRAP_QUALIFIER}-{purpose}-role-{account}-{region}" for purpose in purposes)
    return [f"arn:aws:iam::{account}:role/{name}" for name in names]


def dataset_mark(key: str) -> str:
    """The object that is there when a dataset is whole."""
    return f"{DATASETS_PREFIX}{key}/complete.json"


BOOTSTRAP_QUALIFIER = "hnb659fds"  # the CDK's own default
BOOTSTRAP_VERSION_PARAMETER = f"/cdk-bootstrap/{BOOTSTRAP_QUALIFIER}/version"
IMAGE_KEYS = ("image", "training-image", "endpoint-image")  # the first is preprocessing's
PARAMETER_KEYS = ("bucket", "execution-role", "workflow", *IMAGE_KEYS)
CORPUS_PREFIX = "corpus/"  # the organiser's
CORPORA_PREFIX = "corpora/"  # a participant's own are below ``corpora/<user>/``
EXPORTS_PREFIX = "exports/"  # records of exports; participants' own are below ``exports/<user>/``
UPLOADS_PREFIX = "uploads/"  # of files on their way; no execution reads there
DATASETS_PREFIX = "datasets/"  # each below its key
DATASET_KEY_DIGITS = 32  # hexadecimal
KEY_DIGITS_IN_JOB = 16  # of the dataset's key: names of jobs have 63 characters at most
MODELS_PREFIX = "models/"
BUDGET_PREFIX = "budget/"  # what executions may cost at most; an object's name tells run and cents
DATASET_OF_RUN = "dataset/"  # below a run's models: an object whose name is the key of its dataset
CHECKPOINTS_PREFIX = "checkpoints/"
SMOKE_PREFIX = "smoke/"  # SageMaker asks every training job for a place; a smoke job leaves nothing there
MADE_BY_JOBS = (DATASETS_PREFIX, MODELS_PREFIX, CHECKPOINTS_PREFIX)

# States of the workflow in which jobs work, as an execution's history calls them.
PREPROCESS_STATE = "Preprocess"
WAIT_FOR_DATASET_STATE = "Wait for dataset"  # that another execution makes
TRAIN_STATE = "Train"
