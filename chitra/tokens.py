"""The tokens that a model sees of a text, word by word, for people to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sudachipy import Dictionary, SplitMode

from chitra.model_files import SPECIAL_TOKENS, read_tokenizer_files
from chitra.tokenisation import ADDED_TOKENS, SPECIAL_TOKEN, read_start, segmentation, within_limit
from chitra.words import PROJECTED_FORMS, word_pieces

UNKNOWN = SPECIAL_TOKENS["unk_token"]


@dataclass(frozen=True, slots=True)
class Word:
    """``surface`` is what the text has from its character ``begin`` on, ``form`` what the model reads in its place,
    ``tokens`` the form's pieces."""

    surface: str
    form: str
    tokens: tuple[str, ...]
    begin: int = 0

    @property
    def is_changed(self) -> bool:
        return self.surface != self.form

    @property
    def is_unknown(self) -> bool:
        """Whether the model's vocabulary has no pieces for it."""
        return self.tokens == (UNKNOWN,) and self.surface != UNKNOWN


@dataclass(frozen=True, slots=True)
class Reading:
    """``is_cut`` where the text goes on, and the model has no room for it."""

    words: list[Word]
    is_cut: bool

    @property
    def count(self) -> int:
        """Of tokens, without those that mark beginning and end."""
        return sum(len(word.tokens) for word in self.words)


class TokenReader:
    """Reads as ``Encoder`` does, and keeps the words; for one thread at a time.

    Raises:
        InputError: the folder holds no chiTra model.
    """

    def __init__(self, model_dir: Path, max_length: int) -> None:
        files = read_tokenizer_files(model_dir)
        self._segmentation = segmentation(model_dir, files.config)
        self._pieces = word_pieces(files.vocabulary)
        self._room = max_length - ADDED_TOKENS

    def read(self, text: str) -> Reading:
        """The words whose tokens the model has room for."""
        words, room = list[Word](), self._room
        for word in self._words(within_limit(text)):
            if len(word.tokens) > room:
                if room:
                    words.append(replace(word, tokens=word.tokens[:room]))
                return Reading(words, is_cut=True)
            words.append(word)
            room -= len(word.tokens)
        return Reading(words, is_cut=within_limit(text) != text)

    def _words(self, text: str) -> Iterator[Word]:
        """Those that have tokens: spaces have none. A special token that somebody typed is one."""
        start = 0
        for token in SPECIAL_TOKEN.finditer(text):
            yield from self._between(text[start : token.start()], start)
            yield Word(token[0], token[0], (token[0],), token.start())
            start = token.end()
        yield from self._between(text[start:], start)

    def _between(self, text: str, start: int) -> Iterator[Word]:
        for morpheme in read_start(self._segmentation.sudachi.tokenize, self._segmentation.normalise(text)):
            form = self._segmentation.form(morpheme)
            if pieces := self._pieces(form):
                tokens = tuple(piece.value for piece in pieces)
                yield Word(morpheme.raw_surface(), form, tokens, start + morpheme.begin())


class SudachiReader:
    """Without a model's vocabulary: each word, as chiTra-1.0 has Sudachi normalise it, is one token."""

    def __init__(self, max_words: int) -> None:
        self._sudachi: Any = Dictionary(dict="core").tokenizer(SplitMode.C, projection=PROJECTED_FORMS[0])
        self._most = max_words

    def read(self, text: str) -> Reading:
        """At most so many words."""
        found = [(each.raw_surface(), each.surface()) for each in read_start(self._sudachi.tokenize, text)]
        words = [Word(surface, form, (form,)) for surface, form in found if form.strip()]
        return Reading(list(islice(words, self._most)), is_cut=len(words) > self._most or within_limit(text) != text)
