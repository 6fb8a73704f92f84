"""The work of the processing job: read, split, encode, write, in memory that does not grow with the corpus."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa

from chitra.contract import SPLITS
from chitra.corpus import CorpusReader
from chitra.encoded import encoded_features
from chitra.fingerprint import fingerprint
from chitra.split import (
    Array,
    Articles,
    check_categories,
    split_by_hash,
    split_by_quota,
    split_hash,
)
from chitra.tokenisation import Encoder
from preprocessing.dataset import (
    RAW,
    DatasetWriter,
    Shard,
    empty_folder,
    raw_features,
    read_batches,
)
from preprocessing.encoding import EncodingPool, Encodings
from preprocessing.manifest import build_manifest, write_manifest
from preprocessing.progress import Stage, StageProgress

BATCH = 100  # articles


def preprocess(
    corpus_dir: Path,
    output: Path,
    *,
    model_dir: Path,
    seed: int,
    max_length: int,
    shard: Shard | None = None,
    dataset: str = "",
) -> str:
    """Make the raw dataset and the three encoded splits; returns one line that says what was made.

    ``shard`` says that ``corpus_dir`` holds only this instance's share of a corpus. Then each article is split by
    itself, and the instances' outputs together are one dataset. ``dataset`` is what the workflow knows it by.

    Raises:
        InputError: nothing was written.
    """
    datasets.disable_progress_bars()
    tokenisation = fingerprint(model_dir)
    encoder = Encoder(model_dir, max_length)
    reader = CorpusReader(corpus_dir, may_be_empty=shard is not None)
    try:
        articles, raw_file, reading = _read(reader, output / RAW, seed, shard or Shard())
        if shard:
            splits = split_by_hash(articles.hashes)
        else:
            check_categories(articles.per_category())
            splits = split_by_quota(articles.hashes, articles.labels)
        with EncodingPool(encoder, _processes(len(articles))) as pool:
            batches = pool.encode(_texts(raw_file))
            fallbacks, encoding = _encode(batches, articles, splits, output, encoder.id_type.name, shard)
        manifest = build_manifest(
            articles,
            splits,
            sources=reader.sources,
            seed=seed,
            max_length=max_length,
            fallbacks=fallbacks,
            fingerprint=tokenisation,
            dataset=dataset,
            stages={"read": reading, "encode": encoding},
        )
        for name in (RAW, *SPLITS):
            write_manifest(output / name, manifest, shard)
    except BaseException:
        for name in (RAW, *SPLITS):
            empty_folder(output / name)
        raise
    return f"{len(articles):,} articles encoded in {encoding['seconds']:.0f} s"


def _read(reader: CorpusReader, folder: Path, seed: int, part: Shard) -> tuple[Articles, Path, Stage]:
    """Write the articles as they come; keep of each what decides its split."""
    progress = StageProgress("read")
    hashes, labels, codes = array("Q"), array("L"), dict[str, int]()
    with closing(DatasetWriter(folder, raw_features(), part)) as raw:
        unread = iter(reader)
        while batch := list(islice(unread, BATCH)):
            columns = {"sentence1": [each.text for each in batch], "label": [each.category for each in batch]}
            raw.write(pa.table(columns))
            hashes.extend(split_hash(each.text, seed) for each in batch)
            labels.extend(codes.setdefault(each.category, len(codes)) for each in batch)
            progress.advance(len(batch), reader.share_read)
    categories = sorted(codes)
    label_of_code = np.array([categories.index(category) for category in codes], np.int64)
    articles = Articles(np.array(hashes, np.uint64), label_of_code[np.array(labels, np.int64)], categories)
    return articles, raw.data_file, progress.finish()


def _texts(raw_file: Path) -> Iterator[list[str]]:
    for rows in read_batches(raw_file):
        yield from in_batches(rows.column("sentence1").to_pylist())


def in_batches(texts: list[str]) -> Iterator[list[str]]:
    """The texts in the portions that are encoded together."""
    return (texts[i : i + BATCH] for i in range(0, len(texts), BATCH))


def _encode(
    batches: Iterator[Encodings], articles: Articles, splits: Array, output: Path, id_type: str, shard: Shard | None
) -> tuple[int, Stage]:
    """Write each article's encoding into its split; returns how many needed the reference tokenizer."""
    progress = StageProgress("encode")
    # Who saw only a share of the corpus does not know all categories, and writes their names.
    features = encoded_features(id_type, None if shard else articles.categories)
    labels = np.array(articles.categories, object)[articles.labels] if shard else articles.labels
    row = fallbacks = 0
    with ExitStack() as stack:
        writers = [DatasetWriter(output / name, features, shard or Shard()) for name in SPLITS]
        for writer in writers:
            stack.enter_context(closing(writer))
        for batch in batches:
            rows = slice(row, row + len(batch))
            row = rows.stop
            article = np.arange(rows.start, rows.stop, dtype=np.uint32)
            table = pa.table({"input_ids": batch.to_arrow(), "label": labels[rows], "article": article})
            for number, writer in enumerate(writers):
                writer.write(table.filter(pa.array(splits[rows] == number)))
            fallbacks += batch.fallbacks
            progress.advance(len(batch), row / len(articles))
    return fallbacks, progress.finish()


def _processes(articles: int) -> int:
    """One per CPU, but none without a batch."""
    return max(1, min(os.cpu_count() or 1, math.ceil(articles / BATCH)))
