"""What the page needs of the files that a run left. Others can write to their bucket: nothing is taken on trust."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from chitra.contract import SPLITS
from chitra.encoded import MANIFESTS
from chitra.errors import InputError
from chitra.json_text import parse_json, read_json
from chitra.visible import visible

PREDICTIONS_BYTES = 64 * 2**20  # some 600,000 articles
MOST_CATEGORIES = 1_000
MOST_EPOCHS = 1_000
MOST_LOSS = 1e6

Line = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(visible)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(visible)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=1e8)]
Whole = Annotated[int, Field(gt=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**32)]
# Training may have diverged: "no number" is an honest loss, and one that no chart could show.
Loss = Annotated[float, AfterValidator(lambda value: value if 0 <= value <= MOST_LOSS else float("nan"))]


class File(BaseModel):
    """A file of a run, or a part of one."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Found = TypeVar("Found", bound=File)


class CategoryScores(File):
    precision: Share
    recall: Share
    f1: Share
    articles: Count


class EpochPoint(File):
    epoch: Annotated[float, Field(ge=0, le=1e4)]
    train_loss: Loss
    validation_loss: Loss
    validation_accuracy: Share


class Model(File):
    name: Line = ""
    layers: Count
    hidden_size: Count
    vocabulary: Count
    parameters: Annotated[int, Field(ge=0, lt=2**48)]


class Way(File):
    """One way to serve the model, with the milliseconds of an input by how many ids it has."""

    runtime: Line
    device: Line
    student: bool = False
    milliseconds: Annotated[dict[Name, Annotated[float, Field(ge=0, le=1e7)]], Field(max_length=10)] = {}
    accuracy: Share | None = None
    served: bool = False


class Serving(File):
    """``ways`` stand quickest first."""

    ways: Annotated[list[Way], Field(max_length=20)]

    @property
    def shown(self) -> list[Way]:
        """What is served first on each device, and distilled models that were measured and are not served."""
        firsts = {way.device: way for way in reversed(self.ways) if way.served}
        refused = [way for way in self.ways if way.student and way.accuracy is not None and not way.served]
        return [*firsts.values(), *refused]


class Metrics(File):
    """metrics.json; what older runs did not write is empty."""

    accuracy: Share
    macro_f1: Share
    articles: Annotated[int, Field(gt=0, lt=2**32)]
    categories: Annotated[dict[Name, CategoryScores], Field(min_length=1, max_length=MOST_CATEGORIES)]
    confusion_matrix: list[list[Count]]
    baseline_accuracy: Share | None = None
    dataset: Annotated[str, StringConstraints(pattern="^[0-9a-f]{0,64}$")] = ""
    epochs: Annotated[list[EpochPoint], Field(max_length=MOST_EPOCHS)] = []
    hyperparameters: Annotated[dict[Name, bool | Whole | float | Line | None], Field(max_length=100)] = {}
    kernels: Annotated[dict[Name, bool | Whole | float | Line | None], Field(max_length=100)] = {}
    model: Model | None = None
    serving: Serving | None = None
    train_seconds: Seconds | None = None
    evaluation_seconds: Seconds | None = None
    warnings: Annotated[list[Line], Field(max_length=100)] = []

    @model_validator(mode="after")
    def _square(self) -> Self:
        size = len(self.categories)
        if [len(row) for row in self.confusion_matrix] != [size] * size:
            raise ValueError(f"confusion_matrix is not of {size} x {size} categories")
        return self

    @property
    def best_epoch(self) -> EpochPoint | None:
        """The one whose model was kept: of equals, training keeps the first."""
        return max(self.epochs, key=lambda point: point.validation_accuracy, default=None)


class Prediction(File):
    """A line of predictions.jsonl. ``article`` is a row of the raw articles, ``score`` that of ``predicted``."""

    article: Count
    label_name: Name
    predicted: Name
    score: Share


class Stage(File):
    seconds: Seconds


class Manifest(File):
    """What one instance of preprocessing made."""

    articles: Count
    articles_per_category: dict[str, Annotated[dict[Name, Count], Field(max_length=MOST_CATEGORIES)]]
    categories: Annotated[list[Name], Field(max_length=MOST_CATEGORIES)]
    duplicates: Count = 0
    max_length: Count
    stages: Annotated[dict[Name, Stage], Field(max_length=20)] = {}
    tokenisation: Annotated[dict[Name, Line], Field(max_length=50)] = {}

    @model_validator(mode="after")
    def _all_splits(self) -> Self:
        if not set(SPLITS) <= self.articles_per_category.keys():
            raise ValueError(f"articles_per_category does not name {', '.join(SPLITS)}")
        return self


def read_metrics(file: Path) -> Metrics:
    """Raises InputError in one line, as all readers here do."""
    return _checked(Metrics, _read(file), str(file))


def read_manifests(folder: Path) -> list[Manifest]:
    """One per instance that preprocessed; none where the dataset is not on disk."""
    return [_checked(Manifest, _read(file), str(file)) for file in sorted(folder.glob(MANIFESTS))]


def read_predictions(file: Path, metrics: Metrics) -> list[Prediction]:
    """One per article of the test split."""
    predictions = []
    for number, line in enumerate(_bytes_of(file).splitlines(), 1):
        source = f"{file}:{number}"
        found = _checked(Prediction, parse_json(line, str(file), line=number), source)
        for name in (found.label_name, found.predicted):
            if name not in metrics.categories:
                raise InputError(f"{source}: category {reprlib.repr(name)} is not in metrics.json. {AGAIN}")
        predictions.append(found)
    return predictions


AGAIN = "Remove the run's folder and export it again."


def _read(file: Path) -> Any:
    try:
        return read_json(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). {AGAIN}") from error


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(PREDICTIONS_BYTES + 1)
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). {AGAIN}") from error
    if len(content) > PREDICTIONS_BYTES:
        raise InputError(f"{file}: is larger than {PREDICTIONS_BYTES:,} bytes. {AGAIN}")
    return content


def _checked(kind: type[Found], content: Any, source: str) -> Found:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(reprlib.repr(part).strip("'") for part in first["loc"])
        reason = visible(f"{place}: {first['msg']}" if place else first["msg"])
        raise InputError(f"{source}: {reason}. {AGAIN}") from error
