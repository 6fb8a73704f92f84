"""Reads the channels train, validation and test, and makes sure that they belong together and to the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datasets import Dataset, load_from_disk

from preprocessing.errors import InputError
from preprocessing.tokenisation import Fingerprint

CHANNELS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Channels:
    train: Dataset
    validation: Dataset
    test: Dataset
    categories: list[str]
    max_length: int


def read_channels(data_dir: Path, expected: Fingerprint) -> Channels:
    """The three encoded splits below ``input/data``.

    Raises:
        InputError: a channel is missing or unreadable, or was encoded by another tokenizer than ``expected``.
    """
    datasets: dict[str, Dataset] = {}
    manifests = []
    for name in CHANNELS:
        folder = data_dir / name
        if not folder.is_dir():
            raise InputError(f"channel {name}: is missing ({folder}). Give the job train, validation and test.")
        try:
            datasets[name] = load_from_disk(folder)
            manifests.append(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"channel {name}: is no output of the preprocessing job ({error}).") from error
    if any(manifest != manifests[0] for manifest in manifests):
        raise InputError("channels: come from different preprocessing runs. Give the three outputs of one run.")
    found = Fingerprint.from_json(manifests[0]["tokenisation"])
    if found != expected:
        raise InputError(
            f"channels: were encoded by another tokenizer than the model's ({found.differences(expected)}). "
            "Run preprocessing again with this image."
        )
    return Channels(**datasets, categories=manifests[0]["categories"], max_length=manifests[0]["max_length"])
