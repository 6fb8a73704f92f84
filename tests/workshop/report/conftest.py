"""What `workshop export` brings home of a real training job, as files that a test may spoil."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUN = "chitra--one"


@pytest.fixture
def exported(tmp_path: Path, trained: Path, preprocessed: Path) -> Path:
    """The folder of the run, alone in export/."""
    home = tmp_path / "export" / RUN
    shutil.copytree(trained / "output/data", home / "report")
    shutil.copytree(preprocessed / "raw", home / "datasets/raw")
    return home


@pytest.fixture
def change() -> Callable[..., None]:
    """Give a JSON file other values."""

    def write(file: Path, **values: Any) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **values}), encoding="utf-8")

    return write
