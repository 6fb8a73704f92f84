"""The raw articles of a dataset: how long they are, and how some of them begin. Memory is that of one batch."""

from __future__ import annotations

from array import array
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chitra.errors import InputError
from chitra.visible import visible
from workshop.report.files import AGAIN, MOST_CATEGORIES

OPENING = 120  # characters
MOST_ARTICLES = 10_000_000
COLUMNS = {"sentence1": pa.string(), "label": pa.string()}
DATA = "data-*.arrow"

Lengths = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Opening:
    """How an article begins, on one line."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Articles:
    """Lengths in characters, one per article and by category; openings by the article's row."""

    lengths: Lengths
    by_category: dict[str, Lengths]
    openings: dict[int, Opening]


def read_articles(folder: Path, wanted: Collection[int]) -> Articles | None:
    """All articles of a raw dataset, with the openings of the ``wanted`` rows; None when it is not on disk.

    Raises:
        InputError: names the file that is no such dataset.
    """
    files = sorted(folder.glob(DATA))
    reading = _Reading(wanted)
    for file in files:
        try:
            with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
                for batch in stream:
                    reading.add(batch)
        except (pa.ArrowException, OSError, ValueError, MemoryError, KeyError, TypeError) as error:
            reason = visible(" ".join(str(error).split())[:200])
            raise InputError(f"{file}: holds no articles that preprocessing wrote ({reason}). {AGAIN}") from error
    return reading.result() if len(reading.codes) else None


class _Reading:
    """What is kept of the batches that went by: of an article its length and category."""

    def __init__(self, wanted: Collection[int]) -> None:
        self.codes = array("L")
        self._wanted = wanted
        self._categories: dict[str, int] = {}
        self._lengths: list[Lengths] = []
        self._openings: dict[int, Opening] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Raises ValueError or an error of pyarrow for what is no batch of articles."""
        for name, kind in COLUMNS.items():
            if batch.schema.field(name).type != kind:
                raise ValueError(f"column {name} is no {kind}")
        batch.validate(full=True)  # offsets that lead out of the data would be followed
        first = len(self.codes)
        labels = batch.column("label").to_pylist()
        self.codes.extend(self._categories.setdefault(label, len(self._categories)) for label in labels)
        if len(self.codes) > MOST_ARTICLES or len(self._categories) > MOST_CATEGORIES:
            raise ValueError(f"more than {MOST_ARTICLES:,} articles or {MOST_CATEGORIES:,} categories")
        texts = batch.column("sentence1")
        counted: Any = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
        self._lengths.append(np.asarray(counted, np.int64))
        for row in self._wanted:
            if first <= row < len(self.codes):
                text = texts[row - first].as_py() or ""
                self._openings[row] = Opening(visible(str(labels[row - first])), _opening(text))

    def result(self) -> Articles:
        lengths, codes = np.concatenate(self._lengths), np.array(self.codes)
        by_category = {visible(str(name)): lengths[codes == code] for name, code in self._categories.items()}
        return Articles(lengths, by_category, self._openings)


def _opening(text: str) -> str:
    """Of a text of any length, without a look at all of it."""
    line = " ".join("".join(islice(text, 4 * OPENING)).split())
    return visible(line if len(line) <= OPENING else line[:OPENING] + "…")
