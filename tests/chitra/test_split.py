"""The split is stratified, seeded, blind to file order, and never parts duplicates."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitra.contract import SPLITS
from chitra.corpus import Article, read_corpus
from chitra.errors import InputError
from chitra.split import check_categories, split_articles, split_by_hash, split_hash

LIVEDOOR = {
    "dokujo-tsushin": 870, "it-life-hack": 870, "kaden-channel": 864, "livedoor-homme": 511, "movie-enter": 870,
    "peachy": 842, "smax": 870, "sports-watch": 900, "topic-news": 770,
}  # fmt: skip


def make_articles(counts: dict[str, int]) -> list[Article]:
    return [Article(f"{name}の{i}", name, f"{name}/{i}") for name, count in counts.items() for i in range(count)]


def test_should_split_7367_articles_into_5893_737_737() -> None:
    split = split_articles(make_articles(LIVEDOOR), seed=42)
    assert [len(split[name]) for name in SPLITS] == [5893, 737, 737]
    for name in ("validation", "test"):
        counts = Counter(article.category for article in split[name])
        assert all(abs(counts[category] - size / 10) < 1 for category, size in LIVEDOOR.items())


def test_should_put_every_category_of_the_sample_into_every_split(sample_corpus: Path) -> None:
    split = split_articles(read_corpus(sample_corpus).articles, seed=42)
    assert [len(split[name]) for name in SPLITS] == [86, 11, 11]
    assert all(len({article.category for article in split[name]}) == 9 for name in SPLITS)


def test_should_depend_on_the_seed() -> None:
    articles = make_articles({"a": 100, "b": 100})
    assert split_articles(articles, 1).test == split_articles(articles, 1).test
    assert split_articles(articles, 1).test != split_articles(articles, 2).test


corpora = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), min_size=40, max_size=150)


@given(corpora, st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_should_hold_for_any_corpus(rows: list[tuple[str, int]], seed: int, shuffle: random.Random) -> None:
    articles = [Article(f"本文{text}", category, str(i)) for i, (category, text) in enumerate(rows)]
    split = split_articles(articles, seed)
    texts = {name: {article.text for article in split[name]} for name in SPLITS}
    assert sum(len(split[name]) for name in SPLITS) == len(articles)
    assert not texts["train"] & texts["validation"]
    assert not texts["train"] & texts["test"]
    assert not texts["validation"] & texts["test"]
    assert split.duplicates == len(articles) - len({article.text for article in articles})
    shuffled = articles.copy()
    shuffle.shuffle(shuffled)
    again = split_articles(shuffled, seed)
    for name in SPLITS:
        assert [(a.category, a.text) for a in again[name]] == [(a.category, a.text) for a in split[name]]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=200), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_should_split_each_article_by_itself(texts: list[str], shares: int, seed: int) -> None:
    hashes = np.array([split_hash(text, seed) for text in texts], np.uint64)
    whole = split_by_hash(hashes)
    for share in range(shares):
        assert (split_by_hash(hashes[share::shares]) == whole[share::shares]).all()


def test_should_hold_about_a_tenth_out_twice_when_each_article_is_split_by_itself() -> None:
    articles = make_articles(LIVEDOOR)
    splits = split_by_hash(np.array([split_hash(article.text, 42) for article in articles], np.uint64))
    for category, size in LIVEDOOR.items():
        here = splits[[article.category == category for article in articles]]
        shares = np.bincount(here, minlength=3) / size
        assert np.abs(shares - [0.8, 0.1, 0.1]).max() < 0.05


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"a": 50}, "category 'a': is the only category"),
        ({"a": 50, "b": 9}, "category 'b': has 9 articles, fewer than 10"),
        ({}, "category 'none': is the only category"),
    ],
)
def test_should_refuse_what_cannot_be_split(counts: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_categories(counts)
