"""Reads the channels train, validation and test, and makes sure that they belong together and to the model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Dataset, load_from_disk
from datasets.table import InMemoryTable
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from chitra.contract import SPLITS
from chitra.encoded import MANIFESTS, encoded_features
from chitra.errors import InputError, in_one_line
from chitra.fingerprint import Fingerprint
from chitra.json_text import read_json
from chitra.long_articles import MAX_ARTICLE_LENGTH

T = TypeVar("T")


Count = Annotated[int, Field(ge=0, lt=2**32)]  # the rows that the column `article` can name


def _of_all_splits(value: dict[str, T]) -> dict[str, T]:
    if not set(SPLITS) <= value.keys():
        raise ValueError(f"must name {', '.join(SPLITS)}")
    return value


class Manifest(BaseModel):
    """What training needs of a manifest that preprocessing wrote; somebody may have changed it in the bucket."""

    model_config = ConfigDict(strict=True, extra="ignore")

    tokenisation: dict[str, str]
    categories: list[str]
    articles: Count
    splits: Annotated[dict[str, Count], AfterValidator(_of_all_splits)]
    articles_per_category: Annotated[dict[str, dict[str, Count]], AfterValidator(_of_all_splits)]
    max_length: Annotated[int, Field(ge=3, le=MAX_ARTICLE_LENGTH)]
    dataset: Annotated[str, StringConstraints(pattern="^[0-9a-f]{0,64}$")] = ""

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint.from_json(self.tokenisation)


@dataclass(frozen=True, slots=True)
class Channels:
    """``label`` is a position in ``categories``, ``article`` a row of the raw dataset.

    ``dataset`` is what the workflow knows the dataset by, empty where somebody else made it.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    categories: list[str]
    max_length: int
    dataset: str = ""


def read_channels(data_dir: Path, expected: Fingerprint) -> Channels:
    """The three encoded splits below ``input/data``, written by one instance or by several.

    Raises:
        InputError: a channel is missing or unreadable, or was encoded by another tokenizer than ``expected``; a
            category has no article to train with.
    """
    datasets: dict[str, Dataset] = {}
    manifests: list[list[Manifest]] = []
    for name in SPLITS:
        folder = data_dir / name
        if not folder.is_dir():
            raise InputError(f"channel {name}: is missing ({folder}). Give the job train, validation and test.")
        try:
            datasets[name] = load_from_disk(folder)
            manifests.append(_read_manifests(folder))
        except InputError as error:
            raise InputError(f"channel {name}: {error}") from error
        except Exception as error:  # `datasets` promises no kind of error for files that it did not write
            reason = in_one_line(error)
            raise InputError(f"channel {name}: is no output of the preprocessing job ({reason}).") from error
    by_instance = manifests[0]
    if any(found != by_instance for found in manifests):
        raise InputError("channels: come from different preprocessing runs. Give the three outputs of one run.")
    for manifest in by_instance:
        _check_tokenisation(manifest.fingerprint, expected)
    categories = sorted({category for manifest in by_instance for category in manifest.categories})
    if not isinstance(datasets["train"].features["label"], ClassLabel):
        datasets = {name: _united(dataset, name, by_instance, categories) for name, dataset in datasets.items()}
        _check_categories(by_instance, categories)
    for name, dataset in datasets.items():
        if not len(dataset):
            raise InputError(f"channel {name}: holds no article. Give the corpus more articles.")
    return Channels(
        **datasets, categories=categories, max_length=by_instance[0].max_length, dataset=by_instance[0].dataset
    )


def _read_manifests(folder: Path) -> list[Manifest]:
    """One per instance of the preprocessing job, in the order of their rows."""
    found = [Manifest.model_validate(read_json(file)) for file in sorted(folder.glob(MANIFESTS))]
    if not found:
        raise FileNotFoundError(f"{folder} holds no manifest")
    for manifest in found:
        _ = manifest.fingerprint
    return found


def _check_tokenisation(found: Fingerprint, expected: Fingerprint) -> None:
    if found != expected:
        raise InputError(
            f"channels: were encoded by another tokenizer than the model's ({found.differences(expected)}). "
            "Run preprocessing again with this image."
        )


def _check_categories(manifests: list[Manifest], categories: list[str]) -> None:
    """What one instance cannot know of a corpus that several instances read."""
    if len(categories) < 2:
        raise InputError(
            f"category {categories[0] if categories else 'none'!r}: is the only category. Give two or more."
        )
    for category in categories:
        if not any(manifest.articles_per_category["train"].get(category) for manifest in manifests):
            raise InputError(f"category {category!r}: has no article in train. Add articles or remove the category.")


def _united(dataset: Dataset, split: str, manifests: list[Manifest], categories: list[str]) -> Dataset:
    """Labels of all instances as positions in ``categories``, articles as rows of all instances' raw data."""
    labels = np.array([categories.index(name) for name in dataset["label"]], np.int64)
    first_rows = [0, *accumulate(manifest.articles for manifest in manifests)][:-1]
    offsets = np.repeat(first_rows, [manifest.splits[split] for manifest in manifests])
    articles = np.array(dataset["article"], np.int64) + offsets
    rows = dataset.with_format("arrow")[:]
    columns = {"input_ids": rows["input_ids"], "label": labels, "article": articles}
    features = encoded_features(dataset.features["input_ids"].feature.dtype, categories)
    return Dataset(InMemoryTable(pa.table(columns).cast(features.arrow_schema)))
