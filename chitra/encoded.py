"""What an encoded split looks like on disk: preprocessing writes it, training reads it."""

from __future__ import annotations

from datasets import ClassLabel, Features, Sequence, Value

MANIFESTS = "manifest*.json"  # one beside each split per instance that wrote it


def encoded_features(id_type: str, categories: list[str] | None) -> Features:
    """``input_ids`` (not padded), ``label`` and ``article`` (the row in its instance's raw data).

    An instance that saw only a share of the corpus does not know all ``categories``: its labels are names.
    """
    label = ClassLabel(names=categories) if categories else Value("string")
    return Features({"input_ids": Sequence(Value(id_type)), "label": label, "article": Value("uint32")})
