"""The words that SudachiTra's tokenizer finds in a text, and their ids.

Nothing here imports SudachiTra: it brings transformers and, with it, PyTorch, which take longer to load than most
corpora take to be encoded.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from sudachipy import Dictionary, SplitMode
from tokenizers.models import WordPiece

from chitra.model_files import SPECIAL_TOKENS, Sudachi

WORD_CACHE_SIZE = 200_000
# The word forms of chiTra-1.0 and 1.1, which Sudachi projects to itself. Its projections to other forms differ from
# SudachiTra's.
PROJECTED_FORMS = ("normalized_and_surface", "normalized_nouns")
# Without one of them Sudachi silently joins numbers and unknown words in another way.
FIELDS = {"pos", "normalized_form"}
MAX_WORD_CHARACTERS = 100  # of SudachiTra's WordPiece: a longer word is [UNK]


class Piece(Protocol):
    """A piece of a word, as it stands in the vocabulary."""

    id: int
    value: str


def projecting_sudachi(sudachi: Sudachi, word_form: str) -> Any:
    """A Sudachi whose ``surface`` is the word in one of PROJECTED_FORMS, and which loads only the fields it needs.

    Raises:
        SudachiError: the dictionary cannot be read.
    """
    mode = getattr(SplitMode, sudachi.split_mode.upper())
    return Dictionary(dict=sudachi.dict_type).tokenizer(mode, fields=FIELDS, projection=word_form)


def word_pieces(vocabulary: dict[str, int]) -> Callable[[str], list[Piece]]:
    """What finds the pieces of a word; none of white space."""
    model = WordPiece(
        vocab=vocabulary, unk_token=SPECIAL_TOKENS["unk_token"], max_input_chars_per_word=MAX_WORD_CHARACTERS
    )
    return lambda word: [piece for part in word.split() for piece in model.tokenize(part)]


class WordIds(dict[str, bytes]):
    """Ids of a word's pieces, remembered; as bytes, which are joined without touching each id."""

    def __init__(self, vocabulary: dict[str, int], id_type: np.dtype[Any]) -> None:
        super().__init__()
        self._pieces = word_pieces(vocabulary)
        self._type_code = id_type.char

    def __missing__(self, word: str) -> bytes:
        ids = array(self._type_code, [piece.id for piece in self._pieces(word)]).tobytes()
        if len(self) < WORD_CACHE_SIZE and len(word) <= MAX_WORD_CHARACTERS:
            self[word] = ids
        return ids
