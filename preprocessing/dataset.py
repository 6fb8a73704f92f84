"""Datasets of any size for `datasets.load_from_disk`, written batch by batch, each with its manifest beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from datasets import Dataset, Features, Value
from datasets.fingerprint import generate_random_fingerprint

ROWS_PER_BATCH = 1_000
RAW = "raw"


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of a dataset one instance writes: number ``number`` (from 0) of ``count``."""

    number: int = 0
    count: int = 1

    def file(self, stem: str, suffix: str) -> str:
        """A file's name that no other instance's file has, as `datasets` numbers them."""
        return f"{stem}-{self.number:05}-of-{self.count:05}{suffix}"


def raw_features() -> Features:
    """The hands-on's two columns: ``sentence1`` and ``label``, both texts."""
    return Features({"sentence1": Value("string"), "label": Value("string")})


class DatasetWriter:
    """Writes one dataset, or this instance's shard of it, holding some ROWS_PER_BATCH rows in memory.

    The instances that share a dataset write one data file each; what describes the dataset is the same from all.
    """

    def __init__(self, folder: Path, features: Features, shard: Shard) -> None:
        self._schema = features.arrow_schema
        self._waiting: list[pa.Table] = []
        _describe(folder, features, shard)
        self.data_file = folder / shard.file("data", ".arrow")
        self._sink = pa.OSFile(str(self.data_file), "wb")
        self._stream = pa.ipc.new_stream(self._sink, self._schema)

    def write(self, rows: pa.Table) -> None:
        """Append rows."""
        self._waiting.append(rows.cast(self._schema))
        if sum(map(len, self._waiting)) >= ROWS_PER_BATCH:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._stream.close()
        self._sink.close()

    def _flush(self) -> None:
        for batch in pa.concat_tables(self._waiting or [self._schema.empty_table()]).combine_chunks().to_batches():
            self._stream.write_batch(batch)
        self._waiting = []


def read_batches(data_file: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a data file, a batch at a time; memory is that of one batch."""
    with pa.OSFile(str(data_file)) as source, pa.ipc.open_stream(source) as stream:
        yield from stream


def _describe(folder: Path, features: Features, shard: Shard) -> None:
    """Let `datasets` describe the dataset, and name every instance's data file in the description.

    The fingerprint must be a fresh one: `datasets` knows cached results of `map` by it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    Dataset.from_dict({name: [] for name in features}, features=features).save_to_disk(folder)
    state = folder / "state.json"
    content = json.loads(state.read_text(encoding="utf-8"))
    files = [{"filename": Shard(number, shard.count).file("data", ".arrow")} for number in range(shard.count)]
    write_json(state, {**content, "_data_files": files, "_fingerprint": generate_random_fingerprint()})


def empty_folder(folder: Path) -> None:
    """Remove what is in a folder but keep the folder itself, which may be a mount point."""
    for entry in folder.glob("*"):
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
