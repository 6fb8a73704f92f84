"""What model.tar.gz holds: the classifier, the tokenizer's files and the fingerprint of its tokenisation."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, TypeAdapter

from chitra.errors import InputError
from chitra.fingerprint import Fingerprint, fingerprint
from chitra.json_text import read_json
from chitra.long_articles import MAX_ARTICLE_LENGTH, Strategy, View

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TOKENISATION_FILE = "tokenisation.json"
LENGTH = TypeAdapter(Annotated[int, Field(ge=8, le=512)])  # as the hyperparameter of that name
ARTICLE_LENGTH = TypeAdapter(Annotated[int, Field(ge=8, le=MAX_ARTICLE_LENGTH)])
STRATEGY: TypeAdapter[Strategy] = TypeAdapter(Strategy)
TOKENIZER_FILES = ("vocab.txt", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True)
class Tokenisation:
    """How requests must be tokenised for this model: ``article_length`` ids of each at most, fitted in by ``view``."""

    fingerprint: Fingerprint
    article_length: int
    view: View


def save_artefact(
    model: PreTrainedModel, bundled_model: Path, folder: Path, *, view: View, article_length: int
) -> None:
    """Write the artefact, readable by whoever unpacks it."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    for name in TOKENIZER_FILES:
        if (bundled_model / name).is_file():
            shutil.copyfile(bundled_model / name, folder / name)
    trained_with = fingerprint(folder)
    content = {
        "max_length": view.length,
        "long_articles": view.strategy,
        "article_length": article_length,
        "fingerprint": trained_with.to_json(),
    }
    (folder / TOKENISATION_FILE).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o644)


def read_tokenisation(folder: Path) -> Tokenisation:
    """Read and check the artefact's tokenisation, before anything is built from its files.

    Raises:
        InputError: the folder is no artefact of `train`, or this machine would tokenise differently.
    """
    file = folder / TOKENISATION_FILE
    try:
        content = read_json(file)
        trained_with = Fingerprint.from_json(content["fingerprint"])
        strategy = STRATEGY.validate_python(content.get("long_articles", "head"))
        view = View(LENGTH.validate_python(content["max_length"]), strategy)
        article_length = ARTICLE_LENGTH.validate_python(content.get("article_length", view.length))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{file}: is missing or no file of `train` ({error}). Deploy a model that it made.") from error
    here = fingerprint(folder)
    if here != trained_with:
        raise InputError(
            f"{folder}: was trained with another tokenisation than this image has "
            f"({trained_with.differences(here)}). Serve it with the image that trained it."
        )
    return Tokenisation(trained_with, article_length, view)
