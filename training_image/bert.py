"""What is taken of a model's ``config.json``: what describes a BERT, never code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chitra.errors import InputError, first_problem
from chitra.json_text import read_json

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


def read_bert(file: Path) -> Bert:
    """Of ``config.json``.

    Raises:
        InputError: it cannot be read, or holds a value that is no BERT's.
    """
    try:
        return Bert.model_validate(read_json(file))
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}). Give a model's folder.") from error
    except ValidationError as error:
        key, problem = first_problem(error)
        raise InputError(f"{file}: {key} is no value of a BERT ({problem}). Take a model of chiTra.") from error


def read_categories(file: Path, bert: Bert) -> list[str]:
    """The categories of ``bert``, which was read from ``file``, in the order of their ids.

    Raises:
        InputError: there are none.
    """
    labels = bert.id2label or {}
    if len(labels) < 2 or set(labels) != {str(number) for number in range(len(labels))}:
        raise InputError(f"{file}: id2label names no categories. Deploy a model that `train` made.")
    return [labels[str(number)] for number in range(len(labels))]
