"""What runs left in the bucket, and where each object goes on disk; what can go nowhere is refused, by name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chitra.inside import UnsafePathError, file_names
from chitra.visible import visible
from infra.names import DATASET_KEY_DIGITS, DATASET_OF_RUN, DATASETS_PREFIX, MODELS_PREFIX, run_of_job
from workshop.aws.objects import list_objects
from workshop.aws.run_names import is_run_name

ARCHIVES = {"model.tar.gz": "model", "output.tar.gz": "report"}  # and the folders that they are unpacked to
DATASET_KEY = re.compile(f"[0-9a-f]{{{DATASET_KEY_DIGITS}}}")
CHECKSUMS = "SHA256SUMS"
PAGE = "report.html"  # what `workshop report` writes
PARTIAL = ".partial"  # the folder of what is being downloaded and unpacked


@dataclass(frozen=True, slots=True)
class Source:
    """An object to take home. ``etag`` is as S3 gives it, in quotation marks; ``target`` is below the run's folder."""

    key: str
    etag: str
    size: int
    target: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in the bucket that is not exported."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"refused  {visible(self.key)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Runs:
    """Names of the runs that left a model or a dataset; and what lies beside them under no name of a run."""

    names: list[str]
    refused: list[Refusal]


@dataclass(frozen=True, slots=True)
class Results:
    """What one run left."""

    sources: list[Source]
    refused: list[Refusal]


def runs_with_results(s3: Any, bucket: str, within: str = "") -> Runs:
    """All runs of the bucket whose names begin with ``within``. Datasets that runs share count for each of them."""
    names, strays = set[str](), Counter[str]()
    for prefix in (MODELS_PREFIX, DATASETS_PREFIX):
        for entry in _objects(s3, bucket, prefix + within):
            name, slash, rest = entry["Key"].removeprefix(prefix).partition("/")
            if prefix == DATASETS_PREFIX and DATASET_KEY.fullmatch(name):
                continue
            if not slash or not is_run_name(name):
                strays[f"{prefix}{name}{slash}"] += 1
            elif prefix == DATASETS_PREFIX or rest.startswith(("output/", DATASET_OF_RUN)):
                names.add(name)
    refused = [Refusal(key, f"is no name of a run ({count} objects)") for key, count in sorted(strays.items())]
    return Runs(sorted(names), refused)


def results_of(s3: Any, bucket: str, run: str) -> Results:
    """Model, report and datasets of a run: those that it shares with others, and any under its own name."""
    prefixes = [(f"{MODELS_PREFIX}{run}/output/", "")]
    prefixes += [(f"{DATASETS_PREFIX}{name}/", DATASETS_PREFIX) for name in (*dataset_keys(s3, bucket, run), run)]
    entries = [
        (folder + entry["Key"].removeprefix(prefix), entry)
        for prefix, folder in prefixes
        for entry in _objects(s3, bucket, prefix)
    ]
    # Where two objects want one place, the archives keep theirs, and then the older one.
    entries.sort(key=lambda pair: (pair[0] not in ARCHIVES, pair[1]["LastModified"], pair[0]))
    results, taken = Results([], []), _Places()
    for target, entry in entries:
        try:
            names = file_names(target)
            if entry["Key"].startswith(MODELS_PREFIX):
                _check_own_place(names)
            taken.claim(names)
        except UnsafePathError as error:
            results.refused.append(Refusal(entry["Key"], str(error)))
        else:
            results.sources.append(Source(entry["Key"], entry["ETag"], entry["Size"], target))
    results.sources.sort(key=lambda source: source.key)
    return results


def dataset_keys(s3: Any, bucket: str, run: str) -> list[str]:
    """What the run was trained on: one dataset, as the workflow notes it; none when it was stopped before.

    A tuning's trials have that of the tuning.
    """
    prefix = f"{MODELS_PREFIX}{run_of_job(run)}/{DATASET_OF_RUN}"
    names = (entry["Key"].removeprefix(prefix) for entry in list_objects(s3, bucket, prefix))
    return [name for name in names if DATASET_KEY.fullmatch(name)]


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """All but the empty objects that stand for folders."""
    return (each for each in list_objects(s3, bucket, prefix) if each["Size"] or not each["Key"].endswith("/"))


def _check_own_place(names: Sequence[str]) -> None:
    first = _folded(names[:1])[0]
    for own in (CHECKSUMS, PAGE, PARTIAL, DATASETS_PREFIX.rstrip("/"), *ARCHIVES.values()):
        if first == _folded([own])[0]:
            raise UnsafePathError(f"its place belongs to the export's own {own}")


class _Places:
    """Which places are taken, on file systems that tell small from capital letters and on those that do not."""

    def __init__(self) -> None:
        self._files: set[tuple[str, ...]] = set()
        self._folders: set[tuple[str, ...]] = set()

    def claim(self, names: Sequence[str]) -> None:
        """Raises UnsafePathError where another file or folder stands already."""
        place = _folded(names)
        above = {place[:length] for length in range(1, len(place))}
        if place in self._files or place in self._folders or above & self._files:
            raise UnsafePathError("another object has its place")
        self._files.add(place)
        self._folders |= above


def _folded(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", name.casefold()) for name in names)
