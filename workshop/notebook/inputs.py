"""Where a reader gives something to a notebook. Each is made once: who runs its cell again keeps what was given."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ipywidgets import FileUpload, Layout, Textarea


@cache
def file_chooser() -> FileUpload:
    """A button for one CSV or JSONL file."""
    return FileUpload(accept=".csv,.jsonl", multiple=False, description="ファイルを選ぶ", layout=Layout(width="14em"))


def chosen_file(chooser: FileUpload, sample: Path) -> tuple[str, bytes]:
    """Name and content of the file that was chosen, or of the sample."""
    if not chooser.value:
        return sample.name, sample.read_bytes()
    [file] = chooser.value
    return str(file.name), bytes(file.content)


@cache
def text_box(example: str) -> Textarea:
    """A field for a text, with an example in it."""
    return Textarea(value=example, layout=Layout(width="95%", height="5em"))
