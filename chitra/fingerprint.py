"""What decides token ids: written into datasets and models, compared at training and at serving."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from chitra.errors import InputError
from chitra.model_files import read_tokenizer_files


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that decides which ids a text gets. Two equal fingerprints give equal ids."""

    sudachipy: str
    sudachitra: str
    tokenizers: str
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
    def from_json(cls, data: dict[str, Any]) -> Fingerprint:
        """Raises KeyError or TypeError for anything but what ``to_json`` gives."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


def fingerprint(model_dir: Path) -> Fingerprint:
    """What decides the ids of a model on this machine, from its files and from what is installed: nothing is built.

    Raises:
        InputError: the folder holds no chiTra model, or its dictionary is not installed.
    """
    files = read_tokenizer_files(model_dir)
    config = files.config
    options = {
        "do_lower_case": config.do_lower_case,
        "do_nfkc": config.do_nfkc,
        "do_strip": config.do_strip,
        "subword": config.subword_tokenizer_type,
    }
    vocabulary = json.dumps(sorted(files.vocabulary.items(), key=lambda item: item[1]), ensure_ascii=False)
    return Fingerprint(
        sudachipy=version("sudachipy"),
        sudachitra=version("sudachitra"),
        tokenizers=version("tokenizers"),
        dictionary=f"{config.sudachi.dict_type} {_dictionary_version(config.sudachi.dict_type)}",
        split_mode=config.sudachi.split_mode,
        word_form=config.word_form_type,
        options=json.dumps(options, sort_keys=True),
        vocabulary_sha256=hashlib.sha256(vocabulary.encode()).hexdigest(),
    )


def _dictionary_version(dict_type: str) -> str:
    try:
        return version(f"sudachidict_{dict_type}")
    except PackageNotFoundError as error:
        raise InputError(f"dictionary {dict_type!r}: is not installed. Take a model that needs `core`.") from error
