"""Train, validation and test: stratified, seeded, independent of the order of files.

An article is known here by a keyed hash of its text, so that a corpus of any size can be split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from chitra.contract import SPLITS, TEST, TRAIN, VALIDATION
from chitra.corpus import Article
from chitra.errors import InputError

HELD_OUT_SHARE = Fraction(1, 10)
MIN_ARTICLES = 10
HASHES = 2**64

Array = np.ndarray[tuple[int], np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Split:
    """The three splits, and how many articles repeat another one exactly."""

    train: list[Article]
    validation: list[Article]
    test: list[Article]
    duplicates: int

    def __getitem__(self, name: str) -> list[Article]:
        return {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}[name]


@dataclass(frozen=True, slots=True)
class Articles:
    """What is kept of each article of a large corpus: its hash, and its label as a position in ``categories``."""

    hashes: Array
    labels: Array
    categories: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def per_category(self) -> dict[str, int]:
        counts = np.bincount(self.labels, minlength=len(self.categories))
        return {category: int(count) for category, count in zip(self.categories, counts, strict=True)}


def check_categories(articles: Mapping[str, int]) -> None:
    """``articles`` counts the articles of each category.

    Raises:
        InputError: one category only, or one with too few articles to stand in every split.
    """
    if len(articles) < 2:
        only = next(iter(articles), "none")
        raise InputError(f"category {only!r}: is the only category. A classifier needs at least two.")
    for category, count in sorted(articles.items()):
        if count < MIN_ARTICLES:
            raise InputError(
                f"category {category!r}: has {count} articles, fewer than {MIN_ARTICLES}. "
                "Add articles or remove the category."
            )


def split_hash(text: str, seed: int) -> int:
    """A number below 2**64 that the text and the seed decide: BLAKE2b's first eight bytes."""
    digest = hashlib.blake2b(text.encode(), key=str(seed).encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8])


def split_by_hash(hashes: Array) -> Array:
    """Each article's split, as its position in SPLITS, decided by its own hash: about a tenth is held out twice.

    A share of a corpus is split as the whole corpus would be.
    """
    held_out = int(HASHES * HELD_OUT_SHARE)
    bounds = np.array([held_out, 2 * held_out], np.uint64)
    return np.array([SPLITS.index(name) for name in (TEST, VALIDATION, TRAIN)])[
        np.searchsorted(bounds, hashes, "right")
    ]


def split_by_quota(hashes: Array, labels: Array) -> Array:
    """Each article's split, as its position in SPLITS: 8/1/1 within each category, duplicates in one split.

    Sizes follow the largest-remainder method: 7,367 articles have the quotas 5,893.6 / 736.7 / 736.7, so
    the two articles left over by rounding down go to validation and test: 5,893 / 737 / 737.
    """
    unique, group_of, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
    label_of = np.full(len(unique), np.iinfo(np.int64).max)
    np.minimum.at(label_of, group_of, labels)
    articles = [int(count) for count in np.bincount(label_of, weights=sizes)]
    quotas = {TEST: _quotas(articles, prefer_last=True), VALIDATION: _quotas(articles, prefer_last=False)}
    splits = np.full(len(unique), SPLITS.index(TRAIN))
    for label in range(len(articles)):
        rooms = {name: quota[label] for name, quota in quotas.items()}
        for group in np.flatnonzero(label_of == label):
            size = int(sizes[group])
            room = next((name for name, free in rooms.items() if size <= free), TRAIN)
            if room in rooms:
                rooms[room] -= size
                splits[group] = SPLITS.index(room)
            elif not any(rooms.values()):
                break
    return splits[group_of]


def split_articles(articles: Sequence[Article], seed: int) -> Split:
    """The split by quota of articles in memory, each split in the order of its articles' hashes."""
    hashes = np.array([split_hash(article.text, seed) for article in articles], np.uint64)
    names = sorted({article.category for article in articles})
    splits = split_by_quota(hashes, np.array([names.index(article.category) for article in articles], np.int64))
    found: dict[str, list[Article]] = {name: [] for name in SPLITS}
    for row in sorted(range(len(articles)), key=lambda row: (hashes[row], articles[row].category)):
        found[SPLITS[splits[row]]].append(articles[row])
    return Split(**found, duplicates=count_duplicates(hashes))


def count_duplicates(hashes: Array) -> int:
    """How many articles repeat another one exactly."""
    return len(hashes) - len(np.unique(hashes))


def _quotas(articles: Sequence[int], *, prefer_last: bool) -> list[int]:
    """Whole articles per category that add up to the rounded tenth of all; ties go to the first or last category."""
    total = _round_half_up(sum(articles) * HELD_OUT_SHARE)
    exact = [count * HELD_OUT_SHARE for count in articles]
    quotas = [max(1, int(share)) if share else 0 for share in exact]
    labels = sorted(range(len(articles)), reverse=prefer_last)
    by_remainder = sorted(labels, key=lambda label: exact[label] - int(exact[label]), reverse=True)
    for label in by_remainder[: max(0, total - sum(quotas))]:
        quotas[label] += 1
    return quotas


def _round_half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))
