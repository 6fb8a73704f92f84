"""Where SageMaker mounts things, what the channels between jobs are called, how a job reports its end, and what an
endpoint is asked and answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

from chitra.errors import InputError
from chitra.json_text import read_json
from chitra.visible import visible

BASE_DIR = "/opt/ml"
BUNDLED_MODEL_DIR = "/opt/chitra/model"
MODEL_DIR_VARIABLE = "CHITRA_MODEL_DIR"  # names a model's folder where no image bundles one
SPLITS = TRAIN, VALIDATION, TEST = ("train", "validation", "test")
DATASET_VARIABLE = "DATASET_KEY"  # tells the processing job what the dataset that it makes is known by
BATCH_MEGABYTES = 1  # of a request of a transform job: some 300 articles of 1,000 characters
JSON_LINES = "application/jsonlines"  # their type, and that of its answer
MESSAGE_BYTES = 1024  # SageMaker keeps no more of a job's message


class PredictionRequest(TypedDict):
    """``explain`` goes with one text, not with a list."""

    inputs: str | list[str]
    explain: NotRequired[bool]


class WordWeight(TypedDict):
    """A word of the text, ``text[begin:end]``, and what it adds to the logit of the label; less than 0 speaks against
    it. Of models whose tokenizer normalises texts, the places are those in the normalised text."""

    text: str
    begin: int
    end: int
    weight: float


class Explanation(TypedDict):
    """The weights add up to the difference of the two logits, but for the error of so many steps. ``is_cut`` where only
    the beginning of the text is explained."""

    method: str
    steps: int
    label_name: str
    logit: float
    logit_without_words: float
    words: list[WordWeight]
    is_cut: bool


class PredictionAnswer(TypedDict):
    """To one text. To a list the same keys hold lists, with the logits of each text in ``logits``."""

    label: int
    logits: list[list[float]]
    label_name: str
    scores: dict[str, float]
    explanation: NotRequired[Explanation]


def base_dir() -> Path:
    """``/opt/ml``, or what SAGEMAKER_BASE_DIR says.

    Raises:
        InputError: it does not exist, so this is no job.
    """
    folder = _base()
    if not folder.is_dir():
        raise InputError(
            f"SAGEMAKER_BASE_DIR: {folder} does not exist. SageMaker mounts a job's folder as {BASE_DIR}; "
            "elsewhere, name one."
        )
    return folder


def _base() -> Path:
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", BASE_DIR))


def bundled_model_dir() -> Path:
    """The model that the image bundles, or what the variable names."""
    return Path(os.environ.get(MODEL_DIR_VARIABLE, BUNDLED_MODEL_DIR))


def instance_rank() -> tuple[int, int]:
    """Which of the job's instances this is, from 0, and how many there are; 0 of 1 outside of SageMaker.

    From the file that SageMaker writes for jobs (developer guide, "Distributed Training Configuration").

    Raises:
        InputError: that file says something else.
    """
    file = base_dir() / "config/resourceconfig.json"
    try:
        cluster = read_json(file)
    except FileNotFoundError:
        return 0, 1
    try:
        return cluster["hosts"].index(cluster["current_host"]), len(cluster["hosts"])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{file}: does not say which of its hosts this is. Leave it as SageMaker wrote it.") from error


def end_in_failure(reason: str, code: int) -> int:
    """Say why a training job ends, in its log and in ``output/failure``; returns its exit code."""
    print(f"error: {visible(reason)}", file=sys.stderr)
    report_end("failure", reason)
    return code


def was_reported(name: str) -> bool:
    """Whether the job, or another process of it, has written that file below ``output``."""
    return (_base() / "output" / name).exists()


def forget_end(name: str) -> None:
    """Remove what an earlier run of the same job has left."""
    (_base() / "output" / name).unlink(missing_ok=True)


def report_end(name: str, message: str) -> None:
    """Write a job's last words where SageMaker reads them: ``message`` or ``failure`` in ``output/``.

    Outside of a job nobody does; a place that cannot be written is a warning, for the log has the words, too.
    """
    if not _base().is_dir():
        return
    file = _base() / "output" / name
    content = message.encode(errors="backslashreplace")[:MESSAGE_BYTES]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.decode(errors="ignore"), encoding="utf-8")
    except OSError as error:
        print(f"warning: {file}: cannot be written ({error.strerror})", file=sys.stderr)
