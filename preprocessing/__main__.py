"""The SageMaker processing job: `python -m preprocessing`."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import datasets

from preprocessing.contract import base_dir, bundled_model_dir, report_end
from preprocessing.corpus import Article, read_corpus
from preprocessing.dataset import RAW, build_manifest, encoded_dataset, raw_dataset, write_datasets
from preprocessing.errors import EXIT_FAILURE, EXIT_INPUT, InputError
from preprocessing.split import SPLITS, category_names, split_articles
from preprocessing.tokenisation import Encoder, fingerprint

BATCH = 200


def main(argv: Sequence[str] | None = None) -> int:
    """0, 2 for input that cannot be used, 1 for a fault of ours; ``output/message`` says why in one line."""
    arguments = _parse(argv)
    try:
        summary = preprocess(
            base_dir() / "processing/input/corpus",
            base_dir() / "processing/output",
            model_dir=bundled_model_dir(),
            seed=arguments.seed,
            max_length=arguments.max_length,
        )
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        report_end(base_dir() / "output/message", str(error))
        return EXIT_INPUT
    except Exception as error:
        traceback.print_exc()
        report_end(base_dir() / "output/message", f"preprocessing failed: {type(error).__name__}: {error}")
        return EXIT_FAILURE
    report_end(base_dir() / "output/message", summary)
    return 0


def preprocess(corpus_dir: Path, output: Path, *, model_dir: Path, seed: int, max_length: int) -> str:
    """Read, split, encode and write; returns one line that says what was made.

    Raises:
        InputError: nothing was written.
    """
    datasets.disable_progress_bars()
    started = time.monotonic()
    corpus = read_corpus(corpus_dir)
    categories = category_names(corpus.articles)
    _say(f"read {len(corpus.articles):,} articles in {len(categories)} categories")
    split = split_articles(corpus.articles, seed)
    _say(f"split into {', '.join(f'{name} {len(split[name]):,}' for name in SPLITS)}; {split.duplicates} duplicates")
    tokenizer = Encoder(model_dir, max_length).tokenizer
    encodings = iter(encode_articles([a for name in SPLITS for a in split[name]], model_dir, max_length))
    manifest = build_manifest(
        corpus, split, categories, seed=seed, max_length=max_length, fingerprint=fingerprint(tokenizer)
    )
    row_of = {id(article): row for row, article in enumerate(corpus.articles)}
    made = {RAW: raw_dataset(corpus)}
    for name in SPLITS:
        articles = split[name]
        made[name] = encoded_dataset(
            list(islice(encodings, len(articles))),
            [categories.index(article.category) for article in articles],
            [row_of[id(article)] for article in articles],
            categories=categories,
            vocabulary_size=len(tokenizer),
        )
    write_datasets(output, made, manifest)
    summary = f"{len(corpus.articles):,} articles encoded in {time.monotonic() - started:.0f} s"
    _say(summary)
    return summary


def encode_articles(articles: Sequence[Article], model_dir: Path, max_length: int) -> list[list[int]]:
    """Encodings in the articles' order, made by one process per CPU."""
    batches = [[article.text for article in articles[i : i + BATCH]] for i in range(0, len(articles), BATCH)]
    workers = min(len(batches), os.cpu_count() or 1)
    started = time.monotonic()
    encodings: list[list[int]] = []
    with ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(model_dir, max_length)) as pool:
        for batch in pool.map(_encode_batch, batches):
            encodings += batch
            if len(encodings) % (5 * BATCH) == 0 or len(encodings) == len(articles):
                rate = len(encodings) / (time.monotonic() - started)
                _say(f"encoded {len(encodings):,} of {len(articles):,} articles ({rate:.0f}/s)")
    return encodings


_encoder: Encoder | None = None


def _start_worker(model_dir: Path, max_length: int) -> None:
    global _encoder
    _encoder = Encoder(model_dir, max_length)


def _encode_batch(texts: list[str]) -> list[list[int]]:
    assert _encoder is not None
    return [_encoder.encode(text) for text in texts]


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m preprocessing", description=__doc__)
    parser.add_argument("--max-length", type=int, default=512, help="ids per article at most (default: 512)")
    parser.add_argument("--seed", type=int, default=42, help="decides the split (default: 42)")
    return parser.parse_args(argv)


_say = partial(print, flush=True)

if __name__ == "__main__":
    sys.exit(main())
