"""How the notebooks train: with chiTra's settings, or with what the environment says."""

from __future__ import annotations

import os

from chitra.errors import InputError
from chitra.hyperparameters import HYPERPARAMETERS_VARIABLE, parse_hyperparameters
from chitra.json_text import parse_json

# What the 2022 hands-on gave to its training job, whose steps were fewer than those of the warm-up, and what it reached
# with chiTra-1.0 on the livedoor corpus.
STEPS_OF_2022, ACCURACY_OF_2022 = 492, 0.9037
OF_2022 = {"epochs": "1", "train-batch-size": "12", "learning_rate": "5e-5", "warmup_steps": "500"}
SMALL_CORPUS = 1_000  # texts
# With the deployed three epochs of sixteen, fifty texts would make nine steps.
FOR_SMALL_CORPUS = {"epochs": "10", "train-batch-size": "8"}


def chosen_hyperparameters(articles: int) -> dict[str, str]:
    """What a run on so many articles says instead of the deployed hyperparameters; the environment's word comes first.

    `local-aws` names those there that its stand-in model learns with.

    Raises:
        InputError: the environment's are none.
    """
    named = os.environ.get(HYPERPARAMETERS_VARIABLE)
    if named is None:
        return dict(FOR_SMALL_CORPUS) if articles < SMALL_CORPUS else {}
    chosen = parse_json(named.encode(errors="surrogateescape"), HYPERPARAMETERS_VARIABLE)
    if not isinstance(chosen, dict):
        raise InputError(f'{HYPERPARAMETERS_VARIABLE}: is no object. Write {{"epochs": "2"}}.')
    parse_hyperparameters(chosen)
    return {name: str(value) for name, value in chosen.items()}
