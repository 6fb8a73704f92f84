"""The manifest beside each dataset: what it was made of and how."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from chitra.contract import SPLITS
from chitra.corpus import CorpusFile
from chitra.fingerprint import Fingerprint
from chitra.split import Array, Articles, count_duplicates
from preprocessing.dataset import Shard, write_json
from preprocessing.progress import Stage

CATEGORIES_FILE = "categories.json"


def build_manifest(
    articles: Articles,
    splits: Array,
    *,
    sources: list[CorpusFile],
    seed: int,
    max_length: int,
    fallbacks: int,
    fingerprint: Fingerprint,
    dataset: str,
    stages: dict[str, Stage],
) -> dict[str, Any]:
    """Enough to make the dataset again and to refuse a wrong tokenizer.

    ``splits`` has one element per article; ``fallbacks`` counts the articles that only the reference tokenizer could
    encode, ``stages`` tells how long each stage took.
    """
    members = {
        name: Articles(articles.hashes[here], articles.labels[here], articles.categories)
        for name, here in ((name, splits == number) for number, name in enumerate(SPLITS))
    }
    return {
        "dataset": dataset,
        "articles": len(articles),
        "duplicates": count_duplicates(articles.hashes),
        "splits": {name: len(found) for name, found in members.items()},
        "articles_per_category": {name: found.per_category() for name, found in members.items()},
        "categories": articles.categories,
        "seed": seed,
        "max_length": max_length,
        "sources": [asdict(source) for source in sources],
        "tokenisation": fingerprint.to_json(),
        "fallbacks": fallbacks,
        "stages": stages,
    }


def write_manifest(folder: Path, manifest: dict[str, Any], shard: Shard | None) -> None:
    """Write it beside a dataset, one per instance; only an instance that saw the whole corpus knows the categories."""
    if shard:
        write_json(folder / shard.file("manifest", ".json"), manifest)
        return
    write_json(folder / "manifest.json", manifest)
    write_json(folder / CATEGORIES_FILE, manifest["categories"])
