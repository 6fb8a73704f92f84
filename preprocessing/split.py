"""Train, validation and test: stratified, seeded, independent of the order of files."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from preprocessing.corpus import Article
from preprocessing.errors import InputError

SPLITS = ("train", "validation", "test")
HELD_OUT_SHARE = Fraction(1, 10)
MIN_ARTICLES = 10


@dataclass(frozen=True, slots=True)
class Split:
    """The three splits, and how many articles repeat another one exactly."""

    train: list[Article]
    validation: list[Article]
    test: list[Article]
    duplicates: int

    def __getitem__(self, name: str) -> list[Article]:
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


def category_names(articles: Sequence[Article]) -> list[str]:
    """Sorted category names: the position of a name is its label id.

    Raises:
        InputError: one category only, or one with too few articles to stand in every split.
    """
    counts = Counter(article.category for article in articles)
    if len(counts) < 2:
        only = next(iter(counts), "none")
        raise InputError(f"category {only!r}: is the only category. A classifier needs at least two.")
    for category, count in sorted(counts.items()):
        if count < MIN_ARTICLES:
            raise InputError(
                f"category {category!r}: has {count} articles, fewer than {MIN_ARTICLES}. "
                "Add articles or remove the category."
            )
    return sorted(counts)


def split_articles(articles: Sequence[Article], seed: int) -> Split:
    """Split 8/1/1 within each category; exact duplicates of an article share its split.

    Sizes follow the largest-remainder method: 7,367 articles have the quotas 5,893.6 / 736.7 / 736.7, so
    the two articles left over by rounding down go to validation and test: 5,893 / 737 / 737.
    """
    groups = _duplicate_groups(articles)
    sizes: Counter[str] = Counter()
    by_category: dict[str, list[list[Article]]] = defaultdict(list)
    for group in groups:
        by_category[group[0].category].append(group)
        sizes[group[0].category] += len(group)
    validation_quota = _quotas(sizes, prefer_last=False)
    test_quota = _quotas(sizes, prefer_last=True)
    split = Split([], [], [], duplicates=len(articles) - len(groups))
    for category in sorted(by_category):
        rooms = {"test": test_quota[category], "validation": validation_quota[category]}
        for group in sorted(by_category[category], key=lambda group: _order(group[0], seed)):
            room = next((name for name, free in rooms.items() if len(group) <= free), "train")
            split[room].extend(group)
            if room in rooms:
                rooms[room] -= len(group)
    for name in SPLITS:
        split[name].sort(key=lambda article: (_order(article, seed), article.category))
    return split


def _duplicate_groups(articles: Sequence[Article]) -> list[list[Article]]:
    groups: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        groups[article.text].append(article)
    return [sorted(group, key=lambda article: article.category) for group in groups.values()]


def _quotas(sizes: Mapping[str, int], *, prefer_last: bool) -> dict[str, int]:
    """Whole articles per category that add up to the rounded tenth of all; ties go to the first or last name."""
    total = _round_half_up(sum(sizes.values()) * HELD_OUT_SHARE)
    exact = {name: size * HELD_OUT_SHARE for name, size in sizes.items()}
    quotas = {name: max(1, int(share)) for name, share in exact.items()}
    names = sorted(sizes, reverse=prefer_last)
    by_remainder = sorted(names, key=lambda name: exact[name] - int(exact[name]), reverse=True)
    for name in by_remainder[: max(0, total - sum(quotas.values()))]:
        quotas[name] += 1
    return quotas


def _round_half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _order(article: Article, seed: int) -> bytes:
    return hashlib.blake2b(article.text.encode(), key=str(seed).encode(), digest_size=16).digest()
