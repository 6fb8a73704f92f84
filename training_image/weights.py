"""Loads the classifier: weights are read by safetensors or by torch's reader of plain tensors (``weights_only``)."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from chitra.errors import InputError, in_one_line
from chitra.model_files import CONFIG
from training_image.bert import read_bert, read_categories

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
BYTES_PER_NUMBER = 2  # at least, of half precision
SLACK_BYTES = 16 * 2**20  # a head or a pooler that the file need not hold


def load_classifier(
    model_dir: Path, categories: list[str] | None = None, *, attention: str = "sdpa"
) -> BertForSequenceClassification:
    """chiTra with a fresh classification head for the ``categories``, or a trained classifier with its own.

    ``attention`` is transformers' name of an implementation.

    Raises:
        InputError: the folder holds no BERT, or weights that are no plain tensors.
    """
    bert = read_bert(model_dir / CONFIG)
    names = categories or read_categories(model_dir / CONFIG, bert)
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
        reason = in_one_line(error)
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
