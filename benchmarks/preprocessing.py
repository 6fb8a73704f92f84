"""Tokenisation against the hands-on's recipe, interleaved in one run: `make bench CORPUS=...`.

The reference is SudachiTra's tokenizer in `datasets.map(batched=True)` with `padding=True, truncation=True,
max_length=512`; the limit is Sudachi alone on the characters that survive truncation.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import datasets
from rich.console import Console
from rich.table import Table

from infra.settings import read_settings
from preprocessing.__main__ import encode_articles
from preprocessing.corpus import Article, read_corpus
from preprocessing.tokenisation import Encoder, load_tokenizer
from workshop.stand_in import build_stand_in

MAX_LENGTH = 512
SURVIVING_CHARACTERS = 908  # what 510 ids cover in the livedoor corpus, on average
RUNS = 5
ARTICLES = 1_000
REPORT = Path("build/bench/report.json")


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over ``runs``; ``limit`` is 0 where there is none."""

    name: str
    unit: str
    ours: float
    reference: float
    ratio: float
    limit: float
    runs: int


def main(corpus: Path) -> None:
    """Print and write the report."""
    datasets.disable_progress_bars()
    datasets.disable_caching()
    articles = read_corpus(corpus).articles
    chosen = articles[:: max(1, len(articles) // ARTICLES)][:ARTICLES]
    with tempfile.TemporaryDirectory() as scratch:
        model_dir = Path(scratch) / "model"
        build_stand_in(corpus, model_dir, seed=read_settings().preprocessing.seed)
        rows = [_one_process(chosen, model_dir), _all_processes(chosen, model_dir)]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    table = Table(title=f"{len(chosen):,} articles, medians of {RUNS} interleaved runs, {os.cpu_count()} CPUs")
    for heading in ("", "unit", "ours", "reference", "ratio", "limit"):
        table.add_column(heading, justify="left" if heading in ("", "unit") else "right")
    for row in rows:
        limit = f"{row.limit:.0f}" if row.limit else ""
        table.add_row(row.name, row.unit, f"{row.ours:.0f}", f"{row.reference:.0f}", f"{row.ratio:.2f}", limit)
    Console().print(table)


def _one_process(articles: Sequence[Article], model_dir: Path) -> Row:
    texts = [article.text for article in articles]
    encoder, tokenizer = Encoder(model_dir, MAX_LENGTH), load_tokenizer(model_dir)
    sudachi = tokenizer.word_tokenizer.sudachi

    def ours() -> None:
        for text in texts:
            encoder.encode(text)

    def limit() -> None:
        for text in texts:
            sudachi.tokenize(text[:SURVIVING_CHARACTERS])

    def reference() -> None:
        _map(texts, model_dir, processes=None)

    rates = _interleaved([ours, reference, limit], time.process_time, len(texts))
    return _row("one process", "articles per CPU second", rates)


def _all_processes(articles: Sequence[Article], model_dir: Path) -> Row:
    texts = [article.text for article in articles]

    def ours() -> None:
        encode_articles(articles, model_dir, MAX_LENGTH)

    def reference() -> None:
        _map(texts, model_dir, processes=os.cpu_count())

    rates = _interleaved([ours, reference], time.perf_counter, len(texts))
    return _row(f"{os.cpu_count()} processes, start included", "articles per second", rates)


def _map(texts: Sequence[str], model_dir: Path, *, processes: int | None) -> None:
    tokenizer = load_tokenizer(model_dir)

    def encode(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        encoded: dict[str, list[list[int]]] = tokenizer(
            batch["sentence1"], padding=True, truncation=True, max_length=MAX_LENGTH
        )
        return encoded

    datasets.Dataset.from_dict({"sentence1": list(texts)}).map(encode, batched=True, num_proc=processes)


def _interleaved(
    contenders: Sequence[Callable[[], None]], clock: Callable[[], float], articles: int
) -> list[list[float]]:
    """Articles per second of each contender, run in turn; the first round only warms up."""
    rates: list[list[float]] = [[] for _ in contenders]
    for number in range(RUNS + 1):
        for contender, found in zip(contenders, rates, strict=True):
            started = clock()
            contender()
            if number:
                found.append(articles / (clock() - started))
    return rates


def _row(name: str, unit: str, rates: Sequence[Sequence[float]]) -> Row:
    ours, reference, *limit = (statistics.median(found) for found in rates)
    return Row(name, unit, ours, reference, ours / reference, limit[0] if limit else 0.0, RUNS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
