"""Hyperparameters under the names that the 2022 hands-on gave them, beside a few new ones."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chitra.errors import InputError
from chitra.json_text import read_json
from chitra.long_articles import Strategy

HYPERPARAMETERS_VARIABLE = "CHITRA_HYPERPARAMETERS"  # an object in JSON: what the notebooks train with
NOT_OURS = ("sagemaker_", "_tuning_")  # what SageMaker's own SDK and its tuning jobs add


class Hyperparameters(BaseModel):
    """How to train. ``warmup_steps`` wins over ``warmup_ratio`` when both are given.

    Without rates of their own, the word embeddings and the new classifier learn at ``learning_rate``, the encoder's
    layers at ``layer_decay`` times the rate of the layer above. ``word_dropout`` hides that share of an article's
    pieces. ``patience`` is after how many epochs without a better validation accuracy training ends. ``distil`` then
    trains a model of half the layers on what the first one computes. What is last, from ``precision`` on, changes how
    fast a training is, and by its rounding what is learnt; ``auto`` leaves it to the hardware.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    epochs: Annotated[float, Field(gt=0, le=100)] = 3
    train_batch_size: Annotated[int, Field(alias="train-batch-size", ge=1, le=1024)] = 16
    eval_batch_size: Annotated[int, Field(alias="eval-batch-size", ge=1, le=1024)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.1
    warmup_steps: Annotated[int | None, Field(ge=0)] = None
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.01
    embedding_learning_rate: Annotated[float | None, Field(gt=0, le=1)] = None
    classifier_learning_rate: Annotated[float | None, Field(gt=0, le=1)] = None
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    word_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    patience: Annotated[int | None, Field(ge=1)] = None
    long_articles: Strategy = "head"
    max_length: Annotated[int, Field(ge=8, le=512)] = 512
    distil: bool = False
    num_labels: Annotated[int | None, Field(ge=2)] = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    precision: Literal["auto", "fp32", "tf32", "fp16", "bf16"] = "auto"
    attention: Literal["auto", "sdpa", "eager"] = "auto"
    fused_optimizer: bool = True
    compile: bool = False
    fetchers: Annotated[int, Field(ge=0, le=16)] = 0


def known_names() -> list[str]:
    return sorted(field.alias or name for name, field in Hyperparameters.model_fields.items())


def parse_hyperparameters(values: dict[str, Any]) -> Hyperparameters:
    """From texts (as a training job passes them) or numbers (as a pipeline does).

    Raises:
        InputError: names every hyperparameter that is unknown or out of range.
    """
    decoded = {key: _decode(value) for key, value in values.items() if not key.startswith(NOT_OURS)}
    unknown = sorted(set(decoded) - set(known_names()))
    if unknown:
        raise InputError(f"hyperparameter {', '.join(unknown)}: is unknown. Known are {', '.join(known_names())}.")
    try:
        return Hyperparameters.model_validate(decoded)
    except ValidationError as error:
        problems = (
            f"{problem['loc'][0]}: {problem['msg']}, not {reprlib.repr(problem['input'])}" for problem in error.errors()
        )
        raise InputError(f"hyperparameter {'; '.join(problems)}.") from error


def _decode(value: Any) -> Any:
    """SageMaker's SDK sends JSON in texts (``"3"``, ``"\\"3\\""``); other clients send bare words."""
    while isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def read_hyperparameters(file: Path) -> Hyperparameters:
    """From ``input/config/hyperparameters.json``; a file that is missing means all defaults."""
    if not file.exists():
        return Hyperparameters()
    values = read_json(file)
    if not isinstance(values, dict):
        raise InputError(f"{file}: is not an object of hyperparameters.")
    return parse_hyperparameters(values)
