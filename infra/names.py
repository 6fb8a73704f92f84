"""What everything is called, in one place. Commands find a deployment by these names alone."""

from __future__ import annotations

import hashlib
import re
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
    def participant_sagemaker(self) -> str:
        """What participants may do in SageMaker with access ``scoped``."""
        return f"{self.workshop}-participant-sagemaker"

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
    def preprocessing_role(self) -> str:
        """Of the workflow's processing jobs with access ``scoped``; nobody else may pass it."""
        return f"{self.workshop}-preprocessing"

    @property
    def job_policy(self) -> str:
        """Of participants' own jobs with access ``scoped``."""
        return f"{self.workshop}-participant-jobs"

    def pass_policy(self, number: int) -> str:
        """Lets the workflow pass the roles of some participants' jobs."""
        return f"{self.workshop}-pass-job-roles-{number}"

    @property
    def gate_role(self) -> str:
        return f"{self.workshop}-gates"

    def runner(self, participant: str) -> str:
        """How a participant's runs, role and gate call them; long names are cut, and stay apart.

        In small letters, as SageMaker writes ARNs: IAM tells capitals in a resource apart.
        """
        room = RUN_NAME_LENGTH - len(self.run_prefix) - RUN_END_LENGTH - 1
        if len(participant) > room:
            digest = hashlib.sha256(participant.encode()).hexdigest()[:4]
            participant = f"{participant[: room - 5]}-{digest}"
        return participant.strip("-").lower()

    def runs_of(self, participant: str) -> str:
        """With what the names of a participant's runs begin; the workshop's prefix for nobody's."""
        runner = self.runner(participant)
        return self.run_prefix + (f"{runner}-" if runner else "")

    def job_role(self, participant: str) -> str:
        """Of a participant's own jobs and endpoints with access ``scoped``."""
        return f"{self.runs_of(participant)}{JOB_ROLE_END}"

    def gate(self, participant: str) -> str:
        """The state machine by which a participant starts executions with access ``scoped``."""
        return f"{self.runs_of(participant)}start"

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

    def folders_of(self, user: str) -> tuple[str, ...]:
        """All that a user may write in the bucket with access ``scoped``."""
        corpus = self.corpus_prefix(user)
        return corpus, f"{UPLOADS_PREFIX}{corpus}", f"{EXPORTS_PREFIX}{user}/", f"{USERS_PREFIX}{user}/"

    def classified_prefix(self, user: str, run: str) -> str:
        """Of what a run of `workshop classify` reads and writes: a user's, or, when empty, the organiser's."""
        return f"{f'{USERS_PREFIX}{user}/' if user else ''}{CLASSIFIED_PREFIX}{run}"

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


def run_of_job(name: str) -> str:
    """The run that a training job belongs to: of a tuning job's trial the tuning run, and else the job's own name."""
    return re.sub(TRIAL_END, "", name)


def artefact_key(run: str) -> str:
    """The object that holds the model of a training job, which is called as its run."""
    return f"{MODELS_PREFIX}{run}{ARTEFACT_END}"


BOOTSTRAP_QUALIFIER = "hnb659fds"  # the CDK's own default
BOOTSTRAP_VERSION_PARAMETER = f"/cdk-bootstrap/{BOOTSTRAP_QUALIFIER}/version"
IMAGE_KEYS = ("image", "training-image", "endpoint-image")  # the first is preprocessing's
PARAMETER_KEYS = ("bucket", "execution-role", "workflow", *IMAGE_KEYS, "access")
CORPUS_PREFIX = "corpus/"  # the organiser's
CORPORA_PREFIX = "corpora/"  # a participant's own are below ``corpora/<user>/``
EXPORTS_PREFIX = "exports/"  # records of exports; participants' own are below ``exports/<user>/``
UPLOADS_PREFIX = "uploads/"  # of files on their way; no execution reads there
USERS_PREFIX = "users/"  # whatever else a participant keeps in the bucket with access scoped, below ``users/<user>/``
CLASSIFIED_PREFIX = "classified/"  # of batches of articles; participants' are below ``users/<user>/classified/``
DATASETS_PREFIX = "datasets/"  # each below its key
DATASET_KEY_DIGITS = 32  # hexadecimal
KEY_DIGITS_IN_JOB = 16  # of the dataset's key: names of jobs have 63 characters at most
MODELS_PREFIX = "models/"
ARTEFACT_END = "/output/model.tar.gz"  # where SageMaker puts the model of a training job, below the job's name
BUDGET_PREFIX = "budget/"  # what executions may cost at most; an object's name tells run and cents
DATASET_OF_RUN = "dataset/"  # below a run's models: an object whose name is the key of its dataset
CHECKPOINTS_PREFIX = "checkpoints/"
SMOKE_PREFIX = "smoke/"  # SageMaker asks every training job for a place; a smoke job leaves nothing there
RUN_NAME_LENGTH = 63  # SageMaker's API reference, of names of jobs, models and endpoints
TUNING_NAME_LENGTH = 32  # the same, of names of tuning jobs
TRIAL_END = "-[0-9]{3}-[0-9a-f]{8}$"  # what SageMaker adds to a tuning job's name, for each of its training jobs
RUN_END_LENGTH = len("20261231-235959-ffff")  # of the time and a random number
JOB_ROLE_END = "jobs"
DATASET_JOBS = "dataset"  # whose jobs are called so after the workshop's prefix, and smoke jobs
SMOKE_JOBS = "smoke"
MADE_BY_JOBS = (DATASETS_PREFIX, MODELS_PREFIX, CHECKPOINTS_PREFIX)

COUNT_RUNS_STATE = "Count own runs"
COUNT_ENDPOINTS_STATE = "Count own endpoints"
# States of the workflow in which jobs work, as an execution's history calls them.
PREPROCESS_STATE = "Preprocess"
WAIT_FOR_DATASET_STATE = "Wait for dataset"  # that another execution makes
TRAIN_STATE = "Train"
CLASSIFY_STATE = "Classify"
TUNE_STATE = "Tune"
CLEANING_STATES = STOP_CLASSIFYING_STATE, REMOVE_MODEL_STATE = ("Stop classifying", "Remove model")
