"""The file into which the local AWS writes what IAM judges, where it is asked for: one line of JSON each.

Clients write into the same file what they are about (``stage``), so that the lines that follow belong to it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VARIABLE = "LOCAL_AWS_RECORD"  # names the file; unset when nothing is recorded


@contextmanager
def stage(name: str) -> Iterator[None]:
    """What the local AWS is asked in the block is asked for the sake of ``name``."""
    write({"stage": name})
    try:
        yield
    finally:
        write({"stage": ""})


def write(content: Mapping[str, Any]) -> None:
    """A line, where a file is named."""
    if file := os.environ.get(VARIABLE):
        with Path(file).open("a", encoding="utf-8") as stream:  # one write a line: other processes write there, too
            stream.write(json.dumps(content, ensure_ascii=False) + "\n")
