"""Where the model lies that the notebooks load."""

from __future__ import annotations

import os
from pathlib import Path

from chitra.contract import MODEL_DIR_VARIABLE
from chitra.errors import InputError
from chitra.model_files import CONFIG, is_stand_in
from infra.settings import FOLDER_VARIABLE, PROJECT
from workshop.data.fetch import UNPACKED
from workshop.notebook.errors import show_errors_in_one_line

__all__ = ["is_stand_in", "model_folder"]
CHITRA = "chiTra-1.0"


def model_folder() -> Path:
    """The local workshop's model, where one opened the notebooks; else the one that `workshop fetch model` brought.

    Raises:
        InputError: there is none.
    """
    show_errors_in_one_line()
    named = os.environ.get(MODEL_DIR_VARIABLE)
    fetched = Path(os.environ.get(FOLDER_VARIABLE, PROJECT)) / UNPACKED / CHITRA
    folder = Path(named) if named else fetched
    if not (folder / CONFIG).is_file():
        raise InputError(
            f"モデルがありません: {folder}。ターミナルで `.venv/bin/workshop fetch model` を実行してから、"
            "このセルをもう一度実行してください。"
        )
    return folder
