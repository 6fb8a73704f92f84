"""The one home of tokenisation: the same ids for training data and for requests.

The ids are those of SudachiTra's ``BertSudachipyTokenizer`` with truncation. Words and word pieces come from
that tokenizer's own parts; what is saved is work whose result truncation would throw away.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sudachipy import Morpheme
from sudachitra import BertSudachipyTokenizer

from preprocessing.errors import InputError

SENTENCE_END = "。"
# Not before other characters: the dictionary has words such as (*^。^*), which must stay whole.
CUT = re.compile("。(?=[\n「『ぁ-ゖァ-ヺ一-鿿])")
CHARACTERS_PER_ID = 1.6  # a little less than Japanese news have, so that a chunk seldom holds too many
WORD_CACHE_SIZE = 200_000
SUDACHI_MAX_BYTES = 49_149
# The word forms of chiTra-1.0 and 1.1, which Sudachi projects to itself. Its projections to other forms differ from
# SudachiTra's.
PROJECTED_FORMS = ("normalized_and_surface", "normalized_nouns")
# Without one of them Sudachi silently joins numbers and unknown words in another way.
FIELDS = {"pos", "normalized_form"}

Ids = np.ndarray[tuple[int], np.dtype[np.uint16 | np.int32]]


class Encoder:
    """Encodes texts for the model in ``model_dir``. ``fallbacks`` counts those that only the reference could encode.

    Raises:
        InputError: the folder holds no chiTra model.
    """

    def __init__(self, model_dir: Path, max_length: int) -> None:
        self.model_dir = model_dir
        self.max_length = max_length
        self.tokenizer = load_tokenizer(model_dir)
        self.id_type = smallest_id_type(self.tokenizer)
        self.fallbacks = 0
        self._room = max_length - self.tokenizer.num_special_tokens_to_add()
        if self._room < 1:
            raise InputError(f"max_length {max_length}: leaves no room for a token. Use 8 to 512.")
        special = np.array(self.tokenizer.build_inputs_with_special_tokens([]), self.id_type)
        self._cls, self._sep = special[:1].tobytes(), special[1:].tobytes()
        self._special_tokens = tuple(self.tokenizer.added_tokens_encoder)
        self._normalise = _normalisation(self.tokenizer)
        self._sudachi, self._form = _segmenter(self.tokenizer)
        self._morphemes: Any = None
        self._words = _WordIds(self.tokenizer, self.id_type)

    def encode(self, text: str) -> Ids:
        """Ids of ``[CLS] text [SEP]``: one dimension, at most ``max_length`` of them, not padded."""
        if any(token in text for token in self._special_tokens):
            return self._reference(text)
        normalised = self._normalise(text)
        full = self._room * self.id_type.itemsize
        ids = b""
        start = 0
        while start < len(normalised) and len(ids) < full:
            missing = self._room - len(ids) // self.id_type.itemsize
            end = _sentence_end(normalised, start + int(missing * CHARACTERS_PER_ID))
            # The 「。」 before the cut comes along: the word before decides how Sudachi reads the words after it.
            carried = 1 if start else 0
            chunk = _within_limit(normalised[start - carried : end])
            self._morphemes = morphemes = self._sudachi.tokenize(chunk, out=self._morphemes)
            if carried and morphemes[0].raw_surface() != SENTENCE_END:
                return self._reference(text)
            if end < len(normalised) and morphemes[len(morphemes) - 1].raw_surface() != SENTENCE_END:
                return self._reference(text)
            words = map(self._form, islice(morphemes, carried, None))
            ids += b"".join(map(self._words.__getitem__, words))
            start = end
        return np.frombuffer(self._cls + ids[:full] + self._sep, self.id_type)

    def __reduce__(self) -> tuple[type[Encoder], tuple[Path, int]]:
        """Sudachi's tokenizers cannot be copied: another process that inherits no memory loads the model again."""
        return type(self), (self.model_dir, self.max_length)

    def _reference(self, text: str) -> Ids:
        self.fallbacks += 1
        ids = self.tokenizer(_within_limit(text), truncation=True, max_length=self.max_length)["input_ids"]
        return np.array(ids, self.id_type)


class _WordIds(dict[str, bytes]):
    """Ids of a word's pieces, remembered; as bytes, which are joined without touching each id."""

    def __init__(self, tokenizer: BertSudachipyTokenizer, id_type: np.dtype[Any]) -> None:
        super().__init__()
        self._pieces = tokenizer.subword_tokenizer.tokenize
        self._id_of_piece = tokenizer.get_vocab()
        self._unknown = tokenizer.unk_token_id
        self._type_code = id_type.char
        # Two words in three are pieces of the vocabulary, and so known before the first text.
        self.update((piece, self._ids(piece)) for piece in tokenizer.vocab)

    def __missing__(self, word: str) -> bytes:
        ids = self._ids(word)
        if len(self) < WORD_CACHE_SIZE:
            self[word] = ids
        return ids

    def _ids(self, word: str) -> bytes:
        ids = [self._id_of_piece.get(piece, self._unknown) for piece in self._pieces(word)]
        return array(self._type_code, ids).tobytes()


def smallest_id_type(tokenizer: BertSudachipyTokenizer) -> np.dtype[np.uint16 | np.int32]:
    """The smallest type that holds every id and that `datasets` and torch know how to read."""
    return np.dtype(np.uint16 if len(tokenizer) <= 2**16 else np.int32)


def _normalisation(tokenizer: BertSudachipyTokenizer) -> Callable[[str], str]:
    """What happens to a text before Sudachi reads it: nothing, in chiTra's configuration."""
    does_something = tokenizer.do_strip or tokenizer.do_lower_case or tokenizer.do_nfkc
    return tokenizer.normalizer.normalize_str if does_something else str


def _segmenter(tokenizer: BertSudachipyTokenizer) -> tuple[Any, Callable[[Morpheme], str]]:
    """Sudachi for the tokenizer's words, and how to read a word off a morpheme.

    For chiTra's own word forms Sudachi does both, and loads only the fields that it needs.
    """
    form = str(tokenizer.word_form_type)
    segmentation = tokenizer.word_tokenizer
    if form not in PROJECTED_FORMS:
        return segmentation.sudachi, tokenizer.word_formatter
    projected = segmentation.sudachi_dict.tokenizer(segmentation.split_mode, fields=FIELDS, projection=form)
    return projected, Morpheme.surface


def load_tokenizer(model_dir: Path) -> BertSudachipyTokenizer:
    """chiTra's tokenizer, with word form and split mode from the model's own configuration."""
    for name in ("config.json", "vocab.txt", "tokenizer_config.json"):
        if not (model_dir / name).is_file():
            raise InputError(f"{model_dir}: is no chiTra model, {name} is missing. Run `workshop fetch model`.")
    try:
        tokenizer: BertSudachipyTokenizer = BertSudachipyTokenizer.from_pretrained(model_dir, local_files_only=True)
    except (ValueError, OSError, json.JSONDecodeError) as error:
        raise InputError(f"{model_dir}: its tokenizer cannot be loaded ({error}).") from error
    if tokenizer.subword_tokenizer_type != "wordpiece":
        raise InputError(f"{model_dir}: subword_tokenizer_type {tokenizer.subword_tokenizer_type!r} is not wordpiece.")
    return tokenizer


def _sentence_end(text: str, start: int) -> int:
    """The first place after ``start`` where the text can be cut, or its end."""
    found = CUT.search(text, start)
    return found.end() if found else len(text)


def _within_limit(text: str) -> str:
    """The start of ``text`` that Sudachi takes; what follows lies far behind any truncation."""
    surely_within = SUDACHI_MAX_BYTES // 4
    if len(text) <= surely_within or len(text.encode()) <= SUDACHI_MAX_BYTES:
        return text
    return text[:surely_within]
