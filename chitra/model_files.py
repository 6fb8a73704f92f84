"""What a model's folder says about its tokenizer: data, checked before anything is built from it.

Only these values are taken from files. What would make Sudachi load files or code of its own (``config_path``,
``resource_dir``, another class, ``auto_map``) or change ids unseen (added tokens, other special tokens) is refused;
whatever else stands there has no effect.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chitra.errors import InputError, first_problem
from chitra.json_text import read_json

CONFIG, TOKENIZER_CONFIG, VOCABULARY = "config.json", "tokenizer_config.json", "vocab.txt"
ADDED_TOKENS, SPECIAL_TOKENS_MAP = "added_tokens.json", "special_tokens_map.json"
STAND_IN_NAME = "chitra-stand-in"  # what the rehearsal's small model calls itself in its config.json
VOCABULARY_BYTES = 8 * 2**20  # chiTra-1.0's has some 300 KB
SPECIAL_TOKENS = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
WordForm = Literal[
    "surface",
    "dictionary",
    "normalized",
    "dictionary_and_surface",
    "normalized_and_surface",
    "surface_half_ascii",
    "dictionary_half_ascii",
    "dictionary_and_surface_half_ascii",
    "normalized_conjugation",
    "normalized_nouns",
]


class Sudachi(BaseModel):
    """``sudachipy_kwargs``; defaults are those of SudachiTra."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    split_mode: Literal["A", "B", "C", "a", "b", "c"] = "A"
    dict_type: Literal["small", "core", "full"] = "core"
    config_path: None = None
    resource_dir: None = None


class TokenizerConfig(BaseModel):
    """``tokenizer_config.json``; defaults are those of SudachiTra's tokenizer."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    tokenizer_class: Literal["BertSudachipyTokenizer"] = "BertSudachipyTokenizer"
    auto_map: None = None
    do_strip: bool = False
    do_lower_case: bool = False
    do_nfkc: bool = False
    do_word_tokenize: Literal[True] = True
    do_subword_tokenize: Literal[True] = True
    word_tokenizer_type: Literal["sudachipy"] = "sudachipy"
    subword_tokenizer_type: Literal["wordpiece"] = "wordpiece"
    word_form_type: WordForm = "surface"
    sudachipy_kwargs: Sudachi | None = None

    @property
    def sudachi(self) -> Sudachi:
        return self.sudachipy_kwargs or Sudachi()


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    """``vocabulary`` tells the id of each word piece."""

    config: TokenizerConfig
    vocabulary: dict[str, int]


def read_tokenizer_files(model_dir: Path) -> TokenizerFiles:
    """Read and check them; nothing is built.

    Raises:
        InputError: the folder holds no chiTra model, or one that wants more than is given to a model.
    """
    for name in (CONFIG, VOCABULARY, TOKENIZER_CONFIG):
        if not (model_dir / name).is_file():
            raise InputError(
                f"{model_dir}: is no chiTra model, {name} is missing. Run `.venv/bin/workshop fetch model`."
            )
    vocabulary = _read_vocabulary(model_dir / VOCABULARY)
    if missing := [token for token in SPECIAL_TOKENS.values() if token not in vocabulary]:
        raise InputError(f"{model_dir / VOCABULARY}: lacks {', '.join(missing)}. Fetch the model again.")
    file = model_dir / TOKENIZER_CONFIG
    content = _read_object(file)
    try:
        config = TokenizerConfig.model_validate(content)
    except ValidationError as error:
        key, problem = first_problem(error)
        raise InputError(
            f"{file}: {key} is not a value that is taken from a model ({problem}). "
            "Take a model of chiTra, or remove the key."
        ) from error
    for tokens in (file, model_dir / SPECIAL_TOKENS_MAP):
        _check_special_tokens(tokens, content if tokens == file else _read_object(tokens))
    _check_added_tokens(model_dir / ADDED_TOKENS, list(_read_object(model_dir / ADDED_TOKENS)))
    return TokenizerFiles(config, vocabulary)


def pieces_by_id(vocabulary: dict[str, int]) -> list[str]:
    """The piece of each id from 0 on, as SudachiTra names them: an id that no piece has is unknown."""
    pieces = {number: piece for piece, number in vocabulary.items()}
    return [pieces.get(number, SPECIAL_TOKENS["unk_token"]) for number in range(len(vocabulary))]


def unknown_id(model_dir: Path) -> int:
    """The id of what is not in the vocabulary."""
    return read_tokenizer_files(model_dir).vocabulary[SPECIAL_TOKENS["unk_token"]]


def is_stand_in(model_dir: Path) -> bool:
    """Whether the model says of itself that it is a stand-in."""
    config = read_json(model_dir / CONFIG)
    return isinstance(config, dict) and config.get("name") == STAND_IN_NAME


def _read_object(file: Path) -> dict[str, Any]:
    """Empty where there is no such file."""
    if not file.exists():
        return {}
    content = read_json(file)
    if not isinstance(content, dict):
        raise InputError(f"{file}: is not a JSON object. Fetch the model again.")
    return content


def _read_vocabulary(file: Path) -> dict[str, int]:
    """As SudachiTra reads it: a piece per line, up to a tab; the last of two equal ones counts."""
    with file.open("rb") as stream:
        content = stream.read(VOCABULARY_BYTES + 1)
    if len(content) > VOCABULARY_BYTES:
        raise InputError(f"{file}: is larger than {VOCABULARY_BYTES:,} bytes, too large for a vocabulary.")
    try:
        lines = io.TextIOWrapper(io.BytesIO(content), "utf-8")
        return {line.rstrip("\n").split("\t")[0]: number for number, line in enumerate(lines)}
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is not UTF-8 (byte {error.start}). Fetch the model again.") from error


def _check_special_tokens(file: Path, content: dict[str, Any]) -> None:
    for key, expected in SPECIAL_TOKENS.items():
        if key in content and _token(content[key]) != expected:
            raise InputError(f"{file}: {key} is not {expected}, as chiTra's is. Take a model of chiTra.")
    decoder = content.get("added_tokens_decoder") or {}
    extra = content.get("additional_special_tokens") or []
    if not isinstance(decoder, dict) or not isinstance(extra, list):
        raise InputError(f"{file}: its added tokens are no tokens. Take a model of chiTra.")
    _check_added_tokens(file, [_token(token) for token in (*decoder.values(), *extra)])


def _check_added_tokens(file: Path, tokens: list[Any]) -> None:
    for token in tokens:
        if token not in SPECIAL_TOKENS.values():
            raise InputError(f"{file}: adds tokens to the vocabulary, which chiTra does not. Take a model of chiTra.")


def _token(value: Any) -> Any:
    """A token is written as a text, or as an object that describes it."""
    return value.get("content") if isinstance(value, dict) else value
