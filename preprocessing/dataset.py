"""Writes the raw dataset and the encoded splits as Hugging Face datasets, each with the manifest beside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, Features, Sequence, Value

from preprocessing.corpus import Corpus
from preprocessing.split import SPLITS, Split
from preprocessing.tokenisation import Fingerprint

MANIFEST_FILE = "manifest.json"
CATEGORIES_FILE = "categories.json"
RAW = "raw"


def raw_dataset(corpus: Corpus) -> Dataset:
    """The hands-on's two columns, in the order of reading: ``sentence1`` and ``label``, both texts."""
    return Dataset.from_dict(
        {
            "sentence1": [article.text for article in corpus.articles],
            "label": [article.category for article in corpus.articles],
        },
        features=Features({"sentence1": Value("string"), "label": Value("string")}),
    )


def encoded_dataset(
    encodings: list[list[int]], labels: list[int], rows: list[int], *, categories: list[str], vocabulary_size: int
) -> Dataset:
    """``input_ids`` (not padded, smallest type that holds the vocabulary), ``label`` and ``article`` (raw row)."""
    id_type = "uint16" if vocabulary_size <= 2**16 else "int32"
    return Dataset.from_dict(
        {"input_ids": encodings, "label": labels, "article": rows},
        features=Features(
            {
                "input_ids": Sequence(Value(id_type)),
                "label": ClassLabel(names=categories),
                "article": Value("uint32"),
            }
        ),
    )


def build_manifest(
    corpus: Corpus, split: Split, categories: list[str], *, seed: int, max_length: int, fingerprint: Fingerprint
) -> dict[str, Any]:
    """What the dataset was made of and how: enough to make it again and to refuse a wrong tokenizer."""
    counts = {name: _count(split, name, categories) for name in SPLITS}
    return {
        "articles": len(corpus.articles),
        "duplicates": split.duplicates,
        "splits": {name: len(split[name]) for name in SPLITS},
        "articles_per_category": counts,
        "categories": categories,
        "seed": seed,
        "max_length": max_length,
        "sources": [asdict(source) for source in corpus.sources],
        "tokenisation": fingerprint.to_json(),
    }


def _count(split: Split, name: str, categories: list[str]) -> dict[str, int]:
    labels = [article.category for article in split[name]]
    return {category: labels.count(category) for category in categories}


def write_datasets(output: Path, datasets: dict[str, Dataset], manifest: dict[str, Any]) -> None:
    """Write all datasets below ``output``, or nothing: SageMaker uploads whatever it finds there."""
    try:
        for name, dataset in datasets.items():
            folder = output / name
            folder.mkdir(parents=True, exist_ok=True)
            dataset.save_to_disk(folder)
            _write_json(folder / MANIFEST_FILE, manifest)
            _write_json(folder / CATEGORIES_FILE, manifest["categories"])
    except BaseException:
        for name in datasets:
            empty_folder(output / name)
        raise


def empty_folder(folder: Path) -> None:
    """Remove what is in a folder but keep the folder itself, which may be a mount point."""
    for entry in folder.glob("*"):
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
