"""The organiser's settings: one typed object, read from cdk.json."""

from __future__ import annotations

import reprlib
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from chitra.errors import InputError
from chitra.hyperparameters import parse_hyperparameters
from chitra.json_text import read_json
from chitra.long_articles import MAX_ARTICLE_LENGTH
from chitra.nearest import did_you_mean
from infra.budget_regions import RESOURCE as BUDGET_RESOURCE
from infra.budget_regions import regions_without_budget
from infra.instances import Use, why_unusable
from infra.names import DATASET_JOBS, SMOKE_JOBS, Names
from rules.images import is_pinned

CONTEXT_KEY = "workshop"
PROJECT = Path(__file__).parent.parent  # the checkout that this package belongs to
CDK_JSON = PROJECT / "cdk.json"
FOLDER_VARIABLE = "CHITRA_WORKSHOP_FOLDER"  # names the workshop's folder, where it is not the project's
TAG_KEY = "workshop"
MAX_HOURS_TO_LIVE = 72
MAX_INSTANCES = 20  # of an endpoint
MODELS_FOLDER = "models"


def _no_managed_name(name: str) -> str:
    """AmazonSageMakerFullAccess opens whatever has this word in its name: repositories, workflows, functions."""
    if "sagemaker" in name:
        raise ValueError("must not contain sagemaker: AWS's policy opens things with that name to everybody")
    return name


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=16),
    AfterValidator(_no_managed_name),
]
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-\d$"
Region = Annotated[str, StringConstraints(pattern=REGION_PATTERN)]
PARTICIPANT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$"
Participant = Annotated[str, StringConstraints(pattern=PARTICIPANT_PATTERN)]


def _usable(use: Use, instance_type: str) -> str:
    if reason := why_unusable(instance_type, use):
        raise ValueError(reason)
    return instance_type


InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
ProcessingInstance = Annotated[InstanceType, AfterValidator(partial(_usable, "processing jobs"))]
TrainingInstance = Annotated[InstanceType, AfterValidator(partial(_usable, "training jobs"))]
TransformInstance = Annotated[InstanceType, AfterValidator(partial(_usable, "transform jobs"))]
HostingInstance = Annotated[InstanceType, AfterValidator(partial(_usable, "endpoints"))]


def _pinned(uri: str) -> str:
    if uri and not is_pinned(uri):
        raise ValueError("a tag can get another image; name the digest, ...@sha256:..., that ECR tells of yours")
    return uri


ImageUri = Annotated[
    str,
    StringConstraints(
        pattern=r"^(\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64}))?$"
    ),
    AfterValidator(_pinned),
]
HyperparameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
HyperparameterText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]*$")]
Access = Literal["full", "scoped"]
# What CloudWatch Logs accepts as retention.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365]


class SettingsError(ValueError):
    """The settings cannot be used. The message has one line per key, each with the way out."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(_Section):
    """Where the image's build takes the model from: an address, or an archive in models/.

    An empty sha256 is printed by the build, to be filled in; for a file it must be given, because CDK tells by it
    whether the image is to be built again, and for an http:// address, because who sent the answer is unknown.
    """

    address: Annotated[str, StringConstraints(pattern=r"^(https?://|models/)\S+$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""

    @property
    def is_local(self) -> bool:
        return self.address.startswith(f"{MODELS_FOLDER}/")

    @model_validator(mode="after")
    def _known_file(self) -> ModelSettings:
        if self.is_local and not self.sha256:
            raise ValueError(f"sha256 is needed for a file of your own; print it with: sha256sum {self.address}")
        if self.address.startswith("http://") and not self.sha256:
            raise ValueError("sha256 is needed for an http:// address; give it, or an https:// address")
        return self


class JobSettings(_Section):
    instance_type: InstanceType
    instance_count: Annotated[int, Field(ge=1, le=20)] = 1
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 30
    max_runtime_minutes: Annotated[int, Field(ge=1, le=7200)] = 60


class PreprocessingSettings(JobSettings):
    """Several instances share the corpus' files; each article's split is then decided by itself."""

    instance_type: ProcessingInstance = "ml.m5.xlarge"
    max_length: Annotated[int, Field(ge=8, le=MAX_ARTICLE_LENGTH)] = 512
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42


class TrainingSettings(JobSettings):
    """``hyperparameters`` are the defaults of every execution; ``workshop run`` may override them one by one.

    Several instances train one model together: each brings a share of the articles of every step.
    ``spot`` trains on spare capacity, at a lower price; an interrupted job goes on from its checkpoint.
    ``keep_warm_minutes`` keep a job's instance for the next one, which then starts sooner; it bills meanwhile.
    """

    instance_type: TrainingInstance = "ml.g4dn.xlarge"
    instance_count: Annotated[int, Field(ge=1, le=4)] = 1
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 50
    max_runtime_minutes: Annotated[int, Field(ge=1, le=7200)] = 120
    spot: bool = False
    keep_warm_minutes: Annotated[int, Field(ge=0, le=60)] = 0
    hyperparameters: dict[HyperparameterName, HyperparameterText | int | float] = {}

    @field_validator("hyperparameters")
    @classmethod
    def _known(cls, value: dict[str, str | int | float]) -> dict[str, str | int | float]:
        """What `train` would refuse after the preprocessing job was paid for."""
        try:
            parse_hyperparameters(value)
        except InputError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return value

    @model_validator(mode="after")
    def _nothing_warm_after_spot(self) -> TrainingSettings:
        if self.spot and self.keep_warm_minutes:
            raise ValueError("keep_warm_minutes: SageMaker keeps no instance of spot training; choose one of the two")
        return self


class ClassificationSettings(_Section):
    """Of `workshop classify`: a batch transform job, which the workflow stops after ``max_runtime_minutes``."""

    instance_type: TransformInstance = "ml.m5.xlarge"
    max_runtime_minutes: Annotated[int, Field(ge=1, le=7200)] = 60


class EndpointSettings(_Section):
    """``memory_mb`` counts for kind serverless, which has no instances. Where ``max_instances`` are more than
    ``min_instances``, the endpoint scales between them."""

    kind: Literal["real-time", "serverless", "asynchronous"] = "real-time"
    instance_type: HostingInstance = "ml.m5.xlarge"
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 4096
    hours_to_live: Annotated[int, Field(ge=1, le=MAX_HOURS_TO_LIVE)] = 2
    min_instances: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] = 1
    max_instances: Annotated[int, Field(ge=1, le=MAX_INSTANCES)] = 1

    @property
    def scales(self) -> bool:
        return self.max_instances > self.min_instances

    @model_validator(mode="after")
    def _instances_in_order(self) -> EndpointSettings:
        if self.min_instances > self.max_instances:
            raise ValueError(f"min_instances: {self.min_instances} are more than max_instances, {self.max_instances}")
        if self.kind == "serverless" and self.max_instances > 1:
            raise ValueError("max_instances: a serverless endpoint has no instances; leave it out, or choose real-time")
        return self


class LimitSettings(_Section):
    """What one participant may have at a time. Executions count their own, and refuse what would be one too many.

    ``tuning_jobs`` are the training jobs of one tuning, of which so many run at a time; more that are asked for are not
    made.
    """

    executions_per_participant: Annotated[int, Field(ge=1, le=20)] = 3
    endpoints_per_participant: Annotated[int, Field(ge=1, le=20)] = 2
    tuning_jobs: Annotated[int, Field(ge=1, le=50)] = 10
    tuning_jobs_at_a_time: Annotated[int, Field(ge=1, le=10)] = 2


class BudgetSettings(_Section):
    """Of the whole workshop, in US dollars; ``email`` is told at half, four fifths, all, and when all is forecast, or
    nobody is."""

    amount: Annotated[float, Field(gt=0, le=1_000_000)]
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=50)] | None = None


class Settings(_Section):
    """All settings of one workshop. ``name`` prefixes every resource.

    ``image_source`` says who builds the images: `cdk deploy` with a Docker engine, `workshop build-image` in CodeBuild,
    or nobody, because they are there: ``image_uri``, and ``cuda_image_uri`` for stages on GPUs, where ``image_uri`` is
    not for them, too. ``earlier_regions`` are those that ``region`` named before: teardown looks there, too.
    ``access`` says what participants may do: ``full`` is the 2022 hands-on's, ``scoped`` is their own things only.
    ``prices`` are US dollars per hour of instance types, in the place of what is known of them.
    """

    name: Name
    region: Region = "ap-northeast-1"
    earlier_regions: list[Region] = []
    participants: Annotated[list[Participant], Field(min_length=1, max_length=100)] = ["participant-1"]
    access: Access = "full"
    power_user: bool = False
    limits: LimitSettings = LimitSettings()
    image_source: Literal["local", "codebuild", "uri"] = "local"
    image_uri: ImageUri = ""
    cuda_image_uri: ImageUri = ""
    model: ModelSettings
    preprocessing: PreprocessingSettings = PreprocessingSettings()
    training: TrainingSettings = TrainingSettings()
    endpoint: EndpointSettings = EndpointSettings()
    classification: ClassificationSettings = ClassificationSettings()
    budget: BudgetSettings | None = None
    prices: dict[InstanceType, Annotated[float, Field(gt=0)]] = {}
    retention_days: RetentionDays = 14

    @property
    def instance_types(self) -> tuple[str, ...]:
        """All that participants may ask for."""
        stages = (self.preprocessing, self.training, self.endpoint, self.classification)
        return tuple(stage.instance_type for stage in stages)

    @model_validator(mode="after")
    def _one_image(self) -> Settings:
        if (self.image_source == "uri") != bool(self.image_uri):
            raise ValueError("image_uri: belongs to image_source uri, and only to that")
        if self.cuda_image_uri and self.image_source != "uri":
            raise ValueError("cuda_image_uri: belongs to image_source uri, and only to that")
        if self.image_source == "codebuild" and self.model.is_local:
            raise ValueError("image_source: codebuild fetches the model itself; give model.address as an https address")
        return self

    @model_validator(mode="after")
    def _budget_where_there_is_one(self) -> Settings:
        if self.budget and self.budget.email and self.region in regions_without_budget():
            raise ValueError(
                f"budget.email: CloudFormation has no {BUDGET_RESOURCE} in {self.region}; leave budget.email out "
                "(budget.amount stops runs without it) or take another region"
            )
        return self

    @model_validator(mode="after")
    def _distinct_participants(self) -> Settings:
        lowered = [name.lower() for name in self.participants]
        if len(set(lowered)) != len(lowered):
            raise ValueError("participants: two have the same name; IAM ignores case")
        return self

    @model_validator(mode="after")
    def _scoped(self) -> Settings:
        """Whose runs are whose is told by how their names begin."""
        if self.access != "scoped":
            return self
        if self.power_user:
            raise ValueError("power_user: goes not with access scoped; leave one of the two out")
        names = Names(self.name)
        runners = {each: names.runner(each).lower() for each in self.participants}
        others = [*runners.items(), *((f"the {jobs} jobs", jobs) for jobs in (DATASET_JOBS, SMOKE_JOBS))]
        for participant, runner in runners.items():
            for whose, begin in others:
                if whose != participant and f"{runner}-".startswith(f"{begin}-"):
                    raise ValueError(
                        f"participants: with access scoped, runs of {participant} could not be told from those of "
                        f"{whose}; rename one"
                    )
        return self


def parse_settings(context: object, of_call: Collection[str] = ()) -> Settings:
    """Settings from the context value in cdk.json; ``of_call`` are keys in it that ``-c`` gave.

    Raises:
        SettingsError: names every key that cannot be used.
    """
    if context is None:
        raise SettingsError(f'cdk.json: context key "{CONTEXT_KEY}" is missing. Copy it from the README.')
    try:
        return Settings.model_validate(context)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = ".".join([CONTEXT_KEY, *map(str, problem["loc"])])
            given = "" if problem["type"] in ("missing", "value_error") else f", not {reprlib.repr(problem['input'])}"
            meant = _nearest_key(problem["loc"]) if problem["type"] == "extra_forbidden" else ""
            lines.append(f"{_source(key, of_call)}{key}: {_way_out(problem['type'], problem['msg'])}{given}{meant}")
        raise SettingsError("\n".join(lines)) from error


def _source(key: str, of_call: Collection[str]) -> str:
    """A key of the call, of a section that the call alone has, or of something within what the call gave."""
    ways = ((f"{each}.", f"{key}.") for each in of_call)
    return "-c " if any(a.startswith(b) or b.startswith(a) for a, b in ways) else "cdk.json: "


def _way_out(kind: str, message: str) -> str:
    known = {
        "extra_forbidden": "is no setting; remove it or mend its spelling",
        "missing": "is missing; add it",
    }
    return known.get(kind, message.removeprefix("Value error, ").replace("String should", "should"))


def _nearest_key(place: tuple[int | str, ...]) -> str:
    """A question that names it, of the section in which an unknown key stands."""
    section: type[BaseModel] = Settings
    *sections, key = map(str, place)
    for name in sections:
        section = section_of(section.model_fields[name].annotation) or section
    question = did_you_mean(key, section.model_fields)
    return f".{question}" if question else ""


def section_of(annotation: object) -> type[BaseModel] | None:
    """The section that a setting is, also an optional one; None for a plain value."""
    kinds = (annotation, *get_args(annotation))
    return next((each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)), None)


def read_settings(folder: Path = PROJECT) -> Settings:
    """Settings from the workshop's folder, for commands that run outside of the CDK CLI."""
    cdk_json = folder / CDK_JSON.name
    try:
        document = read_json(cdk_json)
    except FileNotFoundError as error:
        raise SettingsError(
            f"{cdk_json}: does not exist. Name the folder that holds it: --folder, or {FOLDER_VARIABLE}."
        ) from error
    except OSError as error:
        raise SettingsError(f"{cdk_json}: cannot be read ({error.strerror}).") from error
    except InputError as error:
        raise SettingsError(str(error)) from error
    if not isinstance(document, dict):
        raise SettingsError(f"{cdk_json}: is not an object. Copy it from the README.")
    context = document.get("context")
    return parse_settings(context.get(CONTEXT_KEY) if isinstance(context, dict) else None)
