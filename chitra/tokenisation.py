"""The one home of tokenisation: the same ids for training data and for requests.

The ids are those of SudachiTra's ``BertSudachipyTokenizer`` with truncation, from the parts that it is made of:
Sudachi and WordPiece. What is saved is work whose result truncation would throw away, and the loading of SudachiTra,
with its seconds of transformers and PyTorch, where every text can be encoded without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sudachipy import Morpheme
from sudachipy.errors import SudachiError

from chitra.errors import InputError
from chitra.model_files import SPECIAL_TOKENS, VOCABULARY, TokenizerConfig, read_tokenizer_files
from chitra.words import PROJECTED_FORMS, WordIds, projecting_sudachi

if TYPE_CHECKING:
    from sudachitra import BertSudachipyTokenizer

# A text is cut behind sentences and lines, but not before other characters than these: the dictionary has words such as
# (*^。^*), and Sudachi takes several line ends, and the spaces behind them, as one.
CUT = re.compile("。(?=\n)|[。\n](?=[「『ぁ-ゖァ-ヺ一-鿿])")
END = re.compile(r"。|\s*\n")  # what Sudachi has to see before a cut
# Counted over the livedoor news corpus: a little less than its articles have, so that a chunk seldom holds too many.
CHARACTERS_PER_ID = 1.6
# sudachi.rs, input_text/buffer.rs, MAX_LENGTH: a quarter of 65,535 bytes, rounded down, times three.
SUDACHI_MAX_BYTES = 49_149
# It takes 65,535 bytes at most of what it has normalised, too: U+FDFA alone becomes 33 bytes, and nothing more.
SHORT_ENOUGH = 65_535 // 33
# The tokenizer takes them for tokens wherever they stand in a text, in the middle of a word, too.
SPECIAL_TOKEN = re.compile("|".join(map(re.escape, SPECIAL_TOKENS.values())))
ADDED_TOKENS = 2  # to each text: [CLS] and [SEP]
Ids = np.ndarray[tuple[int], np.dtype[np.uint16 | np.int32]]
T = TypeVar("T")


class Encoder:
    """Encodes texts for the model in ``model_dir``. ``fallbacks`` counts those that only the reference could encode.

    Raises:
        InputError: the folder holds no chiTra model.
    """

    def __init__(self, model_dir: Path, max_length: int) -> None:
        self.model_dir = model_dir
        self.max_length = max_length
        files = read_tokenizer_files(model_dir)
        self.id_type = smallest_id_type(files.vocabulary)
        self.fallbacks = 0
        self._room: int = max_length - ADDED_TOKENS
        if self._room < 1:
            raise InputError(f"max_length {max_length}: leaves no room for a token. Use 8 or more.")
        special = np.array(
            [files.vocabulary[SPECIAL_TOKENS[name]] for name in ("cls_token", "sep_token")], self.id_type
        )
        self._cls, self._sep = special[:1].tobytes(), special[1:].tobytes()
        self._segmentation = segmentation(model_dir, files.config)
        self._words = WordIds(files.vocabulary, self.id_type)

    @cached_property
    def tokenizer(self) -> BertSudachipyTokenizer:
        """The reference."""
        return load_tokenizer(self.model_dir)

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Ids of ``[CLS] text [SEP]`` per text: one dimension, at most ``max_length`` of them, not padded.

        Ids are looked up for all texts at once: between two runs of Sudachi each would have to be fetched anew,
        because Sudachi's dictionary fills the CPU's caches.
        """
        readings = [self._begin(text) for text in texts]
        while unfinished := [each for each in readings if self._wants_more(each)]:
            words = [self._read_on(each) for each in unfinished]
            for reading, found in zip(unfinished, words, strict=True):
                reading.ids += b"".join(map(self._words.__getitem__, found))
        return [
            self._with_special_tokens(each.ids) if each.exact else self._reference(text)
            for each, text in zip(readings, texts, strict=True)
        ]

    def __reduce__(self) -> tuple[type[Encoder], tuple[Path, int]]:
        """Sudachi's tokenizers cannot be copied: another process that inherits no memory loads the model again."""
        return type(self), (self.model_dir, self.max_length)

    def _begin(self, text: str) -> _Reading:
        return _Reading(self._segmentation.normalise(text), exact=not SPECIAL_TOKEN.search(text))

    def _wants_more(self, reading: _Reading) -> bool:
        return reading.exact and reading.position < len(reading.text) and self._missing(reading) > 0

    def _missing(self, reading: _Reading) -> int:
        return self._room - len(reading.ids) // self.id_type.itemsize

    def _read_on(self, reading: _Reading) -> list[str]:
        """The words from where the reading stands to a cut behind which, probably, no ids are wanted."""
        text, start = reading.text, reading.position
        end = _next_cut(text, start + int(self._missing(reading) * CHARACTERS_PER_ID))
        # The character before the cut comes along: the word before decides how Sudachi reads the words after it.
        carried = 1 if start else 0
        morphemes = read_start(self._segmentation.sudachi.tokenize, text[start - carried : end])
        whole_before = not carried or END.fullmatch(morphemes[0].raw_surface())
        whole_behind = end == len(text) or END.fullmatch(morphemes[len(morphemes) - 1].raw_surface())
        reading.exact = bool(whole_before and whole_behind)
        reading.position = end
        return list(map(self._segmentation.form, islice(morphemes, carried, None)))

    def _with_special_tokens(self, ids: bytes) -> Ids:
        return np.frombuffer(self._cls + ids[: self._room * self.id_type.itemsize] + self._sep, self.id_type)

    def _reference(self, text: str) -> Ids:
        self.fallbacks += 1
        encode = partial(self.tokenizer, truncation=True, max_length=self.max_length)
        return np.array(read_start(encode, text)["input_ids"], self.id_type)


@dataclass(slots=True)
class _Reading:
    """How far a text has been read. ``exact`` turns false where only the reference gives the right ids."""

    text: str
    exact: bool
    position: int = 0
    ids: bytes = b""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How words are found: ``normalise`` a text, let ``sudachi`` read it, and take each morpheme's ``form``."""

    normalise: Callable[[str], str]
    sudachi: Any
    form: Callable[[Morpheme], str]


def segmentation(model_dir: Path, config: TokenizerConfig) -> Segmentation:
    """That of the model's tokenizer. Of chiTra's own configurations Sudachi does all of it, and SudachiTra nothing.

    Raises:
        InputError: the tokenizer cannot be loaded.
    """
    normalises = config.do_strip or config.do_lower_case or config.do_nfkc
    projected = config.word_form_type in PROJECTED_FORMS
    reference = None if projected and not normalises else load_tokenizer(model_dir)
    normalise = reference.normalizer.normalize_str if reference and normalises else str
    if reference and not projected:
        return Segmentation(normalise, reference.word_tokenizer.sudachi, reference.word_formatter)
    with _told_as_input_error(model_dir):
        return Segmentation(normalise, projecting_sudachi(config.sudachi, config.word_form_type), Morpheme.surface)


def smallest_id_type(vocabulary: Sized) -> np.dtype[np.uint16 | np.int32]:
    """The smallest type that holds every id and that `datasets` and torch know how to read."""
    return np.dtype(np.uint16 if len(vocabulary) <= 2**16 else np.int32)


def load_tokenizer(model_dir: Path) -> BertSudachipyTokenizer:
    """chiTra's tokenizer, with word form and split mode from the model's own configuration, and nothing else of it."""
    from sudachitra import BertSudachipyTokenizer  # brings transformers and PyTorch, which take four seconds

    config = read_tokenizer_files(model_dir).config
    with _told_as_input_error(model_dir):
        return BertSudachipyTokenizer(
            str(model_dir / VOCABULARY),
            do_strip=config.do_strip,
            do_lower_case=config.do_lower_case,
            do_nfkc=config.do_nfkc,
            word_form_type=config.word_form_type,
            sudachipy_kwargs={"split_mode": config.sudachi.split_mode, "dict_type": config.sudachi.dict_type},
        )


@contextmanager
def _told_as_input_error(model_dir: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, SudachiError) as error:
        raise InputError(f"{model_dir}: its tokenizer cannot be loaded ({error}).") from error


def _next_cut(text: str, start: int) -> int:
    """The first place after ``start`` where the text can be cut, or its end."""
    found = CUT.search(text, start)
    return found.end() if found else len(text)


def within_limit(text: str) -> str:
    """The start of ``text`` that Sudachi takes; what follows lies far behind any truncation."""
    surely_within = SUDACHI_MAX_BYTES // 4
    if len(text) <= surely_within or len(text.encode()) <= SUDACHI_MAX_BYTES:
        return text
    return text[:surely_within]


def read_start(read: Callable[[str], T], text: str) -> T:
    """What ``read``, which asks Sudachi, makes of the start of ``text`` that Sudachi takes."""
    text = within_limit(text)
    while True:
        try:
            return read(text)
        except SudachiError:
            if len(text) <= SHORT_ENOUGH:
                raise
            text = text[: max(SHORT_ENOUGH, len(text) // 2)]
