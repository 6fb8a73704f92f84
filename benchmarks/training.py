"""Training against the hands-on's recipe: part of `make bench`, alone: `python -m benchmarks.training CORPUS`.

The reference is what the 2022 hands-on trained with: transformers' Trainer, batches of 12 articles padded to 512 ids,
fp32 and eager attention. Both train models of random weights, on the same articles, one epoch at a time and without
evaluation or checkpoint.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.report import Row, print_report, write_report
from benchmarks.timing import Contender, interleaved
from chitra.corpus import CorpusReader
from infra.settings import read_settings
from workshop.commands.common import run_app

RUNS = 3
SPAWN = "spawn"  # neither CUDA nor OpenMP can be used on both sides of a fork
PADDING_LIMIT = 5.0  # per cent of the ids
# Of dense matrices at the precision that our training takes there, in TFLOP/s: NVIDIA's data sheets.
PEAKS = {"T4": 65.0, "L4": 121.0, "A10G": 70.0, "A100": 312.0, "L40S": 362.0, "H100": 989.0, "H200": 989.0}


@dataclass(frozen=True, slots=True)
class Size:
    """A model's dimensions, and how many articles one pass goes through on a CPU and on a GPU."""

    layers: int
    hidden: int
    on_cpu: int
    on_gpu: int

    def __str__(self) -> str:
        return f"{self.layers} x {self.hidden}"

    def flops(self, ids: float) -> float:
        """Of training on one article: forward and twice as much backward, matrix products and attention."""
        return self.layers * (6 * 12 * self.hidden**2 * ids + 12 * self.hidden * ids**2)


SMALL, BASE = Size(2, 128, 96, 6_000), Size(12, 768, 16, 6_000)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def bench(corpus: Annotated[Path, typer.Argument(help="Archive, extracted folder, or JSONL files.")]) -> None:
    """Measure training beside the hands-on's recipe; print the report and write it to build/bench/."""
    CorpusReader(corpus)
    from preprocessing.job import preprocess  # these bring PyTorch: a mistake in the call is told before
    from rehearsal import stand_in

    seed = read_settings().preprocessing.seed
    with tempfile.TemporaryDirectory() as scratch:
        model_dir = Path(scratch) / "model"
        stand_in.build_stand_in(corpus, model_dir, seed=seed)
        preprocess(corpus, Path(scratch) / "encoded", model_dir=model_dir, seed=seed, max_length=512)
        rows = measure_training(Path(scratch) / "encoded", model_dir, Path(scratch))
    write_report(rows)
    print_report(rows)


def measure_training(encoded: Path, model_dir: Path, scratch: Path) -> list[Row]:
    """``encoded`` holds the splits, at up to 512 ids; ``model_dir`` the tokenizer that encoded them."""
    import datasets

    from benchmarks import epochs

    gpu = epochs.gpu_name()
    lengths = np.array([len(ids) for ids in datasets.load_from_disk(encoded / "train")["input_ids"]])
    rows = [_padding(lengths)]
    for size in (SMALL, BASE):
        folder = epochs.random_model(size.layers, size.hidden, model_dir, scratch / f"random-{size.hidden}")
        count = min(size.on_gpu if gpu else size.on_cpu, len(lengths))
        chosen = np.random.default_rng(0).permutation(len(lengths))[:count]
        arguments = (str(encoded), chosen.tolist(), folder, scratch)
        batches = (epochs.OUR_BATCH, *(epochs.LARGER_BATCHES if gpu else ()))
        contenders = [Contender(count, epochs.ours, (*arguments, batch)) for batch in batches]
        *of_ours, theirs = interleaved([*contenders, Contender(count, epochs.recipe, arguments)], RUNS, start=SPAWN)
        flops = size.flops(float(lengths[chosen].mean()))
        for batch, ours in zip(batches, of_ours, strict=True):
            name = f"training, {size}, batches of {batch}, {gpu or f'{os.cpu_count()} CPUs'}"
            rows.append(Row(name, "articles per second", ours.wall, theirs.wall, ours.wall / theirs.wall, None, RUNS))
            if gpu:
                rows += _utilisation(name, gpu, flops * ours.wall, flops * theirs.wall)
            else:
                rows.append(
                    Row(name, "articles per CPU second", ours.cpu, theirs.cpu, ours.cpu / theirs.cpu, None, RUNS)
                )
    return rows


def _padding(lengths: np.ndarray[Any, np.dtype[Any]]) -> Row:
    """Per cent of the ids that go through the model and are none of an article's."""
    from benchmarks.epochs import LENGTH, OUR_BATCH
    from training_image.batches import EpochBatches

    read = sum(int(lengths[rows].max()) * len(rows) for rows in EpochBatches(lengths.tolist(), OUR_BATCH, seed=0))
    ours, theirs = (100 * (1 - int(lengths.sum()) / ids) for ids in (read, LENGTH * len(lengths)))
    return Row("padding", "% of the ids", ours, theirs, theirs / ours if ours else None, PADDING_LIMIT, 1)


def _utilisation(name: str, gpu: str, ours: float, theirs: float) -> list[Row]:
    """MFU: operations per second, those on padding not counted, by what the GPU could do at the most."""
    peak = next((each for known, each in PEAKS.items() if known in gpu.replace("-", " ").split()), None)
    if peak is None:
        return []
    of_peak = 100 / (peak * 1e12)
    return [Row(name, "% MFU", ours * of_peak, theirs * of_peak, ours / theirs, None, RUNS)]


if __name__ == "__main__":
    run_app(app)
