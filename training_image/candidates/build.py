"""Builds and measures ways to serve a trained model, and leaves the quickest whose accuracy holds in its artefact."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset

from chitra.long_articles import View
from chitra.model_files import CONFIG
from training_image.bert import read_bert
from training_image.candidates.attempt import attempt
from training_image.candidates.choice import load_way
from training_image.candidates.cpu import cpu_flags, suits
from training_image.candidates.export import write_int8, write_onnx
from training_image.candidates.measure import LENGTHS, logits, milliseconds, one_core_each
from training_image.candidates.model import Device
from training_image.candidates.record import FILES, STUDENT, Measured, Record, Runtime, Way
from training_image.candidates.rule import Quality, choose
from training_image.forward import Array
from training_image.weights import WEIGHTS

RUNTIMES: dict[Device, tuple[Runtime, ...]] = {"cpu": ("int8", "onnx", "bf16", "fp32"), "cuda": ("fp16", "fp32")}
PATIENCE = 120.0  # seconds that fp32 may take for the validation articles; of more, a sample is classified


@dataclass(frozen=True, slots=True)
class Articles:
    """Those of the validation split: ids and category of each, and how a model sees them."""

    encodings: Sequence[Sequence[int]]
    labels: Array
    view: View

    def sample(self, most: int) -> Articles:
        """So many at most, spread evenly over the split."""
        rows = np.linspace(0, len(self.encodings) - 1, min(most, len(self.encodings))).astype(int)
        return Articles([self.encodings[row] for row in rows], self.labels[rows], self.view)


def add_candidates(folder: Path, validation: Dataset, view: View, stop: threading.Event) -> Record | None:
    """To the artefact in ``folder``, which holds the trained weights; the log tells what was measured.

    None, and a warning, when that fails or ``stop`` is set meanwhile: the artefact is then served in fp32.
    """
    start = time.monotonic()
    articles = Articles(validation["input_ids"][:], np.asarray(validation["label"]), view)
    record = attempt("measuring ways to serve the model", partial(measure_candidates, folder, articles, stop))
    if record:
        print(f"{record.table()}\nmeasured in {time.monotonic() - start:.1f} s", flush=True)
    else:
        _remove_unserved(folder, Record(ways=[]))
    return record


def measure_candidates(folder: Path, articles: Articles, stop: threading.Event) -> Record:
    """Build, measure, choose; files of ways that are not served are removed again.

    Raises:
        InterruptedError: ``stop`` was set, which leaves no time for what takes minutes.
    """
    devices: list[Device] = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    with one_core_each():
        timed = time_ways(folder, devices, stop)
        fp32 = next(way for way in timed if way.is_fp32 and way.device == devices[-1])
        sample = articles.sample(_affordable(articles, fp32))
        expected = logits(load_way(folder, fp32), sample.encodings, sample.view).argmax(axis=1)
        accuracy = float((expected == sample.labels).mean())

        def quality(way: Way) -> Quality | None:
            _go_on_unless(stop)
            return attempt(f"classifying with {way}", partial(_quality, folder, way, sample, expected))

        ways = [
            way
            for device in devices
            for way in choose((way for way in timed if way.device == device), accuracy, quality)
        ]
    record = Record(
        cpu=sorted(cpu_flags()), articles=len(sample.labels), validation_articles=len(articles.labels), ways=ways
    )
    _remove_unserved(folder, record)
    record.write(folder)
    for file in folder.rglob("*.*"):
        file.chmod(0o644)  # readable by whoever unpacks it
    return record


def time_ways(folder: Path, devices: Sequence[Device], stop: threading.Event) -> list[Measured]:
    """Every way that can be gone here, quickest first."""
    longest = read_bert(folder / CONFIG).max_position_embeddings
    found = []
    for way in _ways(folder, devices):
        _go_on_unless(stop)
        timed = attempt(f"timing {way}", partial(_time, folder, way, longest))
        found += [timed] if timed else []
    return sorted(found, key=lambda way: way.total)


def _go_on_unless(stop: threading.Event) -> None:
    if stop.is_set():
        raise InterruptedError("stopped by SIGTERM")


def _ways(folder: Path, devices: Sequence[Device]) -> Iterator[Way]:
    """With their files written."""
    flags = cpu_flags()
    for student in (False, True):
        model_dir = Way(runtime="fp32", student=student).model_dir(folder)
        if not model_dir.is_dir():
            continue
        attempt("writing the model for ONNX Runtime", partial(_write_files, model_dir))
        for device in devices:
            for runtime in RUNTIMES[device]:
                written = runtime not in FILES or (model_dir / FILES[runtime]).is_file()
                if written and (device == "cuda" or suits(runtime, flags)):
                    yield Way(runtime=runtime, device=device, student=student)


def _write_files(model_dir: Path) -> bool:
    write_onnx(model_dir, model_dir / FILES["onnx"])
    write_int8(model_dir / FILES["onnx"], model_dir / FILES["int8"])
    return True


def _time(folder: Path, way: Way, longest: int) -> Measured:
    return Measured(**way.model_dump(), milliseconds=milliseconds(load_way(folder, way), longest))


def _affordable(articles: Articles, fp32: Measured) -> int:
    """How many articles fp32 can classify within PATIENCE."""
    parts = sum(len(articles.view.parts(ids)) for ids in articles.encodings) / max(1, len(articles.encodings))
    seconds = parts * fp32.milliseconds[LENGTHS[-1]] / 1_000
    return max(1, int(PATIENCE / seconds))


def _quality(folder: Path, way: Way, sample: Articles, expected: Array) -> Quality:
    predicted = logits(load_way(folder, way), sample.encodings, sample.view).argmax(axis=1)
    return Quality(float((predicted == sample.labels).mean()), float((predicted == expected).mean()))


def _remove_unserved(folder: Path, record: Record) -> None:
    """fp32's weights stay, the student's only where they are served."""
    served = [way for way in record.ways if way.served]
    kept = {way.model_dir(folder) / FILES[way.runtime] for way in served if way.runtime in FILES}
    for model_dir in (folder, folder / STUDENT):
        for name in FILES.values():
            if model_dir / name not in kept:
                (model_dir / name).unlink(missing_ok=True)
    students = [way for way in served if way.student]
    if not students:
        shutil.rmtree(folder / STUDENT, ignore_errors=True)
    elif all(way.runtime in FILES for way in students):
        for name in WEIGHTS:
            (folder / STUDENT / name).unlink(missing_ok=True)
