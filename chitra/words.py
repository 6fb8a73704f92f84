"""The words that SudachiTra's tokenizer finds in a text, and their ids."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np
from sudachipy import Morpheme
from sudachitra import BertSudachipyTokenizer
from tokenizers.models import WordPiece

WORD_CACHE_SIZE = 200_000
# The word forms of chiTra-1.0 and 1.1, which Sudachi projects to itself. Its projections to other forms differ from
# SudachiTra's.
PROJECTED_FORMS = ("normalized_and_surface", "normalized_nouns")
# Without one of them Sudachi silently joins numbers and unknown words in another way.
FIELDS = {"pos", "normalized_form"}


def segmenter(tokenizer: BertSudachipyTokenizer) -> tuple[Any, Callable[[Morpheme], str]]:
    """Sudachi for the tokenizer's words, and how to read a word off a morpheme.

    For chiTra's own word forms Sudachi does both, and loads only the fields that it needs.
    """
    form = str(tokenizer.word_form_type)
    segmentation = tokenizer.word_tokenizer
    if form not in PROJECTED_FORMS:
        return segmentation.sudachi, tokenizer.word_formatter
    projected = segmentation.sudachi_dict.tokenizer(segmentation.split_mode, fields=FIELDS, projection=form)
    return projected, Morpheme.surface


class WordIds(dict[str, bytes]):
    """Ids of a word's pieces, remembered; as bytes, which are joined without touching each id."""

    def __init__(self, tokenizer: BertSudachipyTokenizer, id_type: np.dtype[Any]) -> None:
        super().__init__()
        self._pieces = WordPiece(
            vocab=dict(tokenizer.vocab),
            unk_token=tokenizer.unk_token,
            max_input_chars_per_word=tokenizer.subword_tokenizer.max_input_chars_per_word,
        ).tokenize
        self._type_code = id_type.char

    def __missing__(self, word: str) -> bytes:
        ids = array(self._type_code, [piece.id for part in word.split() for piece in self._pieces(part)]).tobytes()
        if len(self) < WORD_CACHE_SIZE:
            self[word] = ids
        return ids
