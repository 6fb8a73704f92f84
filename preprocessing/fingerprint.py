"""What decides token ids: written into datasets and models, compared at training and at serving."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version

from sudachitra import BertSudachipyTokenizer


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
