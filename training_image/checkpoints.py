"""Which checkpoint an interrupted training goes on from: its newest one may be incomplete.

The Trainer keeps two, the newest and the best, or the one before where the newest is the best. Each takes 12 bytes per
parameter of the model: the weights, and two numbers of Adam's for each of them.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from safetensors import SafetensorError, safe_open
from transformers import TrainerState

from chitra.errors import in_one_line
from training_image import processes

CHECKPOINT = re.compile(r"checkpoint-(\d+)")
REASON_CHARACTERS = 200


class IncompleteError(Exception):
    """Says which of a checkpoint's files is missing or damaged."""


def newest_complete_checkpoint(folder: Path, *, half_precision: bool = False) -> Path | None:
    """The newest checkpoint that the Trainer wrote to its end; None without one. What is skipped is in the log.

    ``half_precision`` says that the training has a scale of its loss, which is part of a checkpoint then. Of several
    processes, each on a disk of its own, all must have it: they go on from the same step.
    """
    complete = _complete_checkpoints(folder, half_precision=half_precision)
    if processes.count() == 1:
        return next(complete, None)
    mine = list(complete)
    everywhere = set.intersection(*processes.gathered({checkpoint.name for checkpoint in mine}))
    return next((checkpoint for checkpoint in mine if checkpoint.name in everywhere), None)


def _complete_checkpoints(folder: Path, *, half_precision: bool) -> Iterator[Path]:
    """The newest first."""
    for checkpoint in _newest_first(folder):
        try:
            _check(checkpoint, half_precision=half_precision)
        except IncompleteError as error:
            print(f"skipping {checkpoint.name}: {error}", flush=True)
        else:
            yield checkpoint


def _newest_first(folder: Path) -> list[Path]:
    steps = {
        int(name[1]): entry
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.is_dir() and (name := CHECKPOINT.fullmatch(entry.name))
    }
    return [steps[step] for step in sorted(steps, reverse=True)]


def _check(checkpoint: Path, *, half_precision: bool) -> None:
    checks = {
        "config.json": _check_json,
        "model.safetensors": _check_tensors,
        "training_args.bin": _check_saved_by_torch,
        "optimizer.pt": _check_saved_by_torch,
        "scheduler.pt": _check_saved_by_torch,
        **({"scaler.pt": _check_saved_by_torch} if half_precision else {}),
        "trainer_state.json": _check_state,
    }
    for name, check in checks.items():
        if not (checkpoint / name).is_file():
            raise IncompleteError(f"{name} is missing")
        try:
            check(checkpoint / name)
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
            reason = in_one_line(error, REASON_CHARACTERS)
            raise IncompleteError(f"{name} is cut or damaged ({reason})") from error


def _check_json(file: Path) -> None:
    json.loads(file.read_text(encoding="utf-8"))


def _check_state(file: Path) -> None:
    TrainerState.load_from_json(str(file))


def _check_tensors(file: Path) -> None:
    """safetensors compares its header with the file's length."""
    with safe_open(file, framework="pt"):
        pass


def _check_saved_by_torch(file: Path) -> None:
    """It is a zip file, with a checksum of each part."""
    with zipfile.ZipFile(file) as parts:
        if damaged := parts.testzip():
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
