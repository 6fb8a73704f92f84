"""How fast each part of the model learns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from torch import nn

from chitra.hyperparameters import Hyperparameters

WORD_EMBEDDINGS = "embeddings.word_embeddings."
CLASSIFIER = "classifier."
LAYER = re.compile(r"encoder\.layer\.(\d+)\.")


def parameter_groups(model: nn.Module, given: Hyperparameters, decayed: Collection[str]) -> list[dict[str, Any]]:
    """Parameters by learning rate, for torch's optimisers; ``decayed`` names those that weight decay is for."""
    layers = len({found[1] for name, _ in model.named_parameters() if (found := LAYER.search(name))})
    groups: defaultdict[tuple[float, float], list[nn.Parameter]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decay = given.weight_decay if name in decayed else 0.0
            groups[learning_rate(name, given, layers), decay].append(parameter)
    return [{"params": each, "lr": rate, "weight_decay": decay} for (rate, decay), each in groups.items()]


def learning_rate(name: str, given: Hyperparameters, layers: int) -> float:
    """Of the parameter of that name, in an encoder of so many layers.

    Layer-wise decay as in Clark et al. 2020 (arXiv:2003.10555): each layer learns slower than the one above.
    """
    if CLASSIFIER in name and given.classifier_learning_rate is not None:
        return given.classifier_learning_rate
    if WORD_EMBEDDINGS in name and given.embedding_learning_rate is not None:
        return given.embedding_learning_rate
    below_top = 0
    if found := LAYER.search(name):
        below_top = layers - 1 - int(found[1])
    elif "embeddings." in name:
        below_top = layers
    return float(given.learning_rate * given.layer_decay**below_top)
