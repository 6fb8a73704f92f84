"""The one home of tokenisation: the same ids for training data and for requests.

The ids are those of SudachiTra's ``BertSudachipyTokenizer`` with truncation. Words and word pieces come from
that tokenizer's own parts; what is saved is work whose result truncation would throw away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from sudachitra import BertSudachipyTokenizer

from preprocessing.errors import InputError

FINGERPRINT_FILE = "tokenisation.json"
SENTENCE_END = "。"
CHUNK_CHARACTERS = 400
WORD_CACHE_SIZE = 200_000
SUDACHI_MAX_BYTES = 49_149


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that decides which ids a text gets. Two equal fingerprints give equal ids."""

    sudachipy: str
    dictionary: str
    split_mode: str
    word_form: str
    options: str
    vocabulary_sha256: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def differences(self, other: Fingerprint) -> str:
        """The fields that differ, as ``field: ours / other``, for an error message."""
        ours, theirs = asdict(self), asdict(other)
        return ", ".join(f"{key}: {ours[key]} / {theirs[key]}" for key in ours if ours[key] != theirs[key])

    def to_json(self) -> dict[str, str]:
        return {**asdict(self), "digest": self.digest}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Fingerprint:
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


class Encoder:
    """Encodes texts for the model in ``model_dir``.

    Raises:
        InputError: the folder holds no chiTra model.
    """

    def __init__(self, model_dir: Path, max_length: int) -> None:
        self.max_length = max_length
        self.tokenizer = load_tokenizer(model_dir)
        self._room = max_length - self.tokenizer.num_special_tokens_to_add()
        if self._room < 1:
            raise InputError(f"max_length {max_length}: leaves no room for a token. Use 8 to 512.")
        self._special_tokens = tuple(self.tokenizer.added_tokens_encoder)
        self._word_ids: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Ids of ``[CLS] text [SEP]``, at most ``max_length`` of them, not padded."""
        if any(token in text for token in self._special_tokens):
            return self._reference(text)
        ids: list[int] = []
        word_form = self.tokenizer.word_formatter
        for chunk, carried in _chunks(self.tokenizer.normalizer.normalize_str(text)):
            morphemes = self.tokenizer.word_tokenizer.tokenize(_within_limit(chunk))
            if carried and morphemes[0].surface() != SENTENCE_END:
                return self._reference(text)
            for morpheme in islice(morphemes, carried, None):
                ids += self._ids_of(word_form(morpheme))
            if len(ids) >= self._room:
                break
        encoded: list[int] = self.tokenizer.build_inputs_with_special_tokens(ids[: self._room])
        return encoded

    def _reference(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(_within_limit(text), truncation=True, max_length=self.max_length)["input_ids"]
        return ids

    def _ids_of(self, word: str) -> list[int]:
        ids = self._word_ids.get(word)
        if ids is None:
            pieces = self.tokenizer.subword_tokenizer.tokenize(word)
            ids = self.tokenizer.convert_tokens_to_ids(pieces)
            if len(self._word_ids) < WORD_CACHE_SIZE:
                self._word_ids[word] = ids
        return ids


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


def fingerprint(tokenizer: BertSudachipyTokenizer) -> Fingerprint:
    """What decides the ids of this tokenizer on this machine."""
    sudachi = tokenizer.sudachipy_kwargs or {}
    dict_type = sudachi.get("dict_type", "core")
    options = {
        "do_lower_case": tokenizer.do_lower_case,
        "do_nfkc": tokenizer.do_nfkc,
        "do_strip": tokenizer.do_strip,
        "subword": tokenizer.subword_tokenizer_type,
    }
    vocabulary = json.dumps(sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]), ensure_ascii=False)
    return Fingerprint(
        sudachipy=version("sudachipy"),
        dictionary=f"{dict_type} {version(f'sudachidict_{dict_type}')}",
        split_mode=sudachi.get("split_mode", "A"),
        word_form=str(tokenizer.word_form_type),
        options=json.dumps(options, sort_keys=True),
        vocabulary_sha256=hashlib.sha256(vocabulary.encode()).hexdigest(),
    )


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """Cut after 「。」 into chunks of some ``CHUNK_CHARACTERS``, each with the number of words carried over.

    A chunk begins with the 「。」 that ends the one before, because the word before the cut decides how Sudachi
    reads the words after it.
    """
    start = 0
    while start < len(text):
        end = text.find(SENTENCE_END, start + CHUNK_CHARACTERS) + 1 or len(text)
        while text.startswith(SENTENCE_END, end):
            end += 1
        yield (text[start:end], 0) if start == 0 else (text[start - 1 : end], 1)
        start = end


def _within_limit(text: str) -> str:
    """The start of ``text`` that Sudachi takes; what follows lies far behind any truncation."""
    return text if len(text.encode()) <= SUDACHI_MAX_BYTES else text[: SUDACHI_MAX_BYTES // 4]
