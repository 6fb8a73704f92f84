"""Articles of the sample corpus, for who has none at hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from chitra.corpus import CorpusReader
from infra.settings import PROJECT

SAMPLES = PROJECT / "samples" / "corpus"
MOST = 6


@dataclass(frozen=True, slots=True)
class Example:
    category: str
    text: str


def examples(categories: Collection[str], corpus: Path = SAMPLES) -> list[Example]:
    """The first article of some categories: of those that the model knows, and of any where it knows none."""
    if not corpus.is_dir():
        return []
    by_category = groupby(CorpusReader(corpus), key=lambda article: article.category)
    first = [Example(category, next(articles).text) for category, articles in by_category]
    return ([each for each in first if each.category in categories] or first)[:MOST]
