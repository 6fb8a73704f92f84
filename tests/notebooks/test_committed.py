"""What every committed notebook is: valid, in Japanese, without outputs, and for whatever Python 3 kernel there is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.helpers.project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
JAPANESE = re.compile("[ぁ-んァ-ヶ一-鿿]")
STRIP = "Strip it: .venv/bin/jupyter nbconvert --clear-output --inplace notebooks/*.ipynb"


def test_should_keep_notebooks_only_in_their_room() -> None:
    """What Jupyter writes beside them is ignored by git."""
    others = [file for file in (ROOT / "notebooks").iterdir() if file.name != ".ipynb_checkpoints"]
    assert [file.suffix for file in others] == [".ipynb"] * len(NOTEBOOKS)
    assert [file.name[:2] for file in NOTEBOOKS] == [f"{number:02}" for number in range(len(NOTEBOOKS))]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: str(file.name))
def test_should_be_committed_without_what_a_run_leaves(file: Path) -> None:
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count] == [], STRIP
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}, STRIP


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: str(file.name))
def test_should_have_a_japanese_title_and_cells_with_names(file: Path) -> None:
    """A cell's id tells what it is for, so that a change of a notebook can be read."""
    notebook = nbformat.read(file, as_version=4)
    title = notebook.cells[0].source.splitlines()[0]
    assert title.startswith(f"# {file.name[:2]} ")
    assert JAPANESE.search(title)
    identities = [cell.id for cell in notebook.cells]
    assert len(set(identities)) == len(identities)
    assert [each for each in identities if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", each)] == []
    assert not [cell.id for cell in notebook.cells if not cell.source.strip()]


def test_should_be_stripped_as_the_documents_say(tmp_path: Path) -> None:
    committed = NOTEBOOKS[0]
    file = Path(shutil.copy(committed, tmp_path))
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="seen")], 1
    nbformat.write(notebook, file)
    subprocess.run([sys.executable, "-m", "jupyter", "nbconvert", "--clear-output", "--inplace", file], check=True)
    assert file.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")
