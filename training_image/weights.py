"""Loads the classifier: of a model's folder, plain numbers and weights, never code.

Of ``config.json`` only what describes BERT is taken; weights are read by safetensors or by torch's reader of plain
tensors (``weights_only``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from transformers import BertConfig, BertForSequenceClassification

from chitra.errors import InputError
from chitra.json_text import read_json
from chitra.model_files import CONFIG

REASON_CHARACTERS = 300
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
BYTES_PER_NUMBER = 2  # at least, of half precision
SLACK_BYTES = 16 * 2**20  # a head or a pooler that the file need not hold
Share = Annotated[float, Field(ge=0, lt=1)]


class Bert(BaseModel):
    """The allowed part of ``config.json``; defaults are those of transformers, bounds are far beyond BERT large."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    model_type: Literal["bert"] = "bert"
    auto_map: None = None
    name: str | None = None
    vocab_size: Annotated[int, Field(ge=1, le=1_000_000)] = 30_522
    hidden_size: Annotated[int, Field(ge=1, le=4_096)] = 768
    num_hidden_layers: Annotated[int, Field(ge=1, le=64)] = 12
    num_attention_heads: Annotated[int, Field(ge=1, le=64)] = 12
    intermediate_size: Annotated[int, Field(ge=1, le=16_384)] = 3_072
    hidden_act: Literal["gelu", "gelu_new", "relu", "silu", "swish"] = "gelu"
    hidden_dropout_prob: Share = 0.1
    attention_probs_dropout_prob: Share = 0.1
    classifier_dropout: Share | None = None
    max_position_embeddings: Annotated[int, Field(ge=1, le=16_384)] = 512
    type_vocab_size: Annotated[int, Field(ge=1, le=64)] = 2
    initializer_range: Annotated[float, Field(gt=0, le=1)] = 0.02
    layer_norm_eps: Annotated[float, Field(gt=0, le=1)] = 1e-12
    pad_token_id: Annotated[int, Field(ge=0)] = 0
    position_embedding_type: Literal["absolute", "relative_key", "relative_key_query"] = "absolute"
    id2label: dict[str, str] | None = None


def load_classifier(
    model_dir: Path, categories: list[str] | None = None, *, attention: str = "sdpa"
) -> BertForSequenceClassification:
    """chiTra with a fresh classification head for the ``categories``, or a trained classifier with its own.

    ``attention`` is transformers' name of an implementation.

    Raises:
        InputError: the folder holds no BERT, or weights that are no plain tensors.
    """
    bert = _read_config(model_dir / CONFIG)
    names = categories or _categories(model_dir / CONFIG, bert)
    config = BertConfig(
        **bert.model_dump(exclude={"model_type", "auto_map", "id2label"}, exclude_none=True),
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    try:
        _check_size(model_dir, config)
        model: BertForSequenceClassification = BertForSequenceClassification.from_pretrained(
            model_dir, config=config, local_files_only=True, weights_only=True, attn_implementation=attention
        )
    except InputError:
        raise
    except Exception as error:  # the readers of weights promise no kind of error
        reason = " ".join(str(error).split())[:REASON_CHARACTERS]
        raise InputError(f"{model_dir}: its weights cannot be loaded ({reason}).") from error
    return model


def _check_size(model_dir: Path, config: BertConfig) -> None:
    """A small file must not make a large model: what its weights leave out would be filled with random numbers."""
    with torch.device("meta"):
        numbers = sum(each.numel() for each in BertForSequenceClassification(config).parameters())
    held = max((file.stat().st_size for name in WEIGHTS if (file := model_dir / name).is_file()), default=0)
    if held and numbers * BYTES_PER_NUMBER > held + SLACK_BYTES:
        raise InputError(
            f"{model_dir}: config.json describes {numbers:,} numbers, its weights have {held:,} bytes. "
            "Take a whole model."
        )


def _read_config(file: Path) -> Bert:
    try:
        return Bert.model_validate(read_json(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Give a model's folder.") from error
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"])) or "its content"
        raise InputError(f"{file}: {key} is no value of a BERT ({problem['msg']}). Take a model of chiTra.") from error


def _categories(file: Path, bert: Bert) -> list[str]:
    labels = bert.id2label or {}
    if len(labels) < 2 or set(labels) != {str(number) for number in range(len(labels))}:
        raise InputError(f"{file}: id2label names no categories. Deploy a model that `train` made.")
    return [labels[str(number)] for number in range(len(labels))]
