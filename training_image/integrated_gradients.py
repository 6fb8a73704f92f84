"""What each word of a text adds to the logit of its label.

Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) over the word embeddings, from a text of [PAD] tokens
to the text itself, by Gauss-Legendre quadrature.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from chitra.contract import Explanation, WordWeight
from chitra.model_files import SPECIAL_TOKENS, read_tokenizer_files
from chitra.tokens import TokenReader, Word
from training_image.artefact import Tokenisation
from training_image.queueing import EXPLAIN_STEPS, EXPLAINED_TOKENS
from training_image.weights import load_classifier


class Explainer:
    """Of the artefact in ``folder``: its model in fp32.

    Raises:
        InputError: the folder holds no classifier.
    """

    def __init__(self, folder: Path, tokenisation: Tokenisation) -> None:
        self._reader = TokenReader(folder, min(tokenisation.view.length, EXPLAINED_TOKENS))
        self._ids = read_tokenizer_files(folder).vocabulary
        torch.set_num_threads(1)  # the endpoint's workers have the other cores
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = load_classifier(folder)
        self._model = model.to(self._device).eval().requires_grad_(False)

    def explain(self, text: str, label: int) -> Explanation:
        """Of the text's beginning, as much as EXPLAINED_TOKENS and the model's own input have room for."""
        reading = self._reader.read(text)
        cls, sep, pad = (self._ids[SPECIAL_TOKENS[f"{name}_token"]] for name in ("cls", "sep", "pad"))
        pieces = [self._ids[token] for word in reading.words for token in word.tokens]
        embed = self._model.get_input_embeddings()
        whole = embed(torch.tensor([[cls, *pieces, sep]], device=self._device))
        empty = embed(torch.tensor([[cls, *[pad] * len(pieces), sep]], device=self._device))
        weights = self._weights(empty, whole, label)
        return Explanation(
            method="integrated gradients",
            steps=EXPLAIN_STEPS,
            label_name=self._model.config.id2label[label],
            logit=self._logit(whole, label).item(),
            logit_without_words=self._logit(empty, label).item(),
            words=_by_word(reading.words, weights[1:-1]),
            is_cut=reading.is_cut,
        )

    def _weights(self, empty: torch.Tensor, whole: torch.Tensor, label: int) -> list[float]:
        """Of each token."""
        places, shares = np.polynomial.legendre.leggauss(EXPLAIN_STEPS)
        gradients = torch.zeros_like(whole)
        for place, share in zip((places + 1) / 2, shares / 2, strict=True):
            point = (empty + float(place) * (whole - empty)).requires_grad_()
            gradients += float(share) * torch.autograd.grad(self._logit(point, label), point)[0]
        found: list[float] = ((whole - empty) * gradients).sum(dim=-1)[0].tolist()
        return found

    def _logit(self, embeddings: torch.Tensor, label: int) -> torch.Tensor:
        logits: torch.Tensor = self._model(inputs_embeds=embeddings).logits
        return logits[0, label]


def _by_word(words: list[Word], weights: list[float]) -> list[WordWeight]:
    found, first = list[WordWeight](), 0
    for word in words:
        weight = sum(weights[first : first + len(word.tokens)])
        first += len(word.tokens)
        found.append(
            WordWeight(text=word.surface, begin=word.begin, end=word.begin + len(word.surface), weight=round(weight, 6))
        )
    return found
