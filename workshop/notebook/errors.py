"""Errors that a reader can mend, as one line below the cell in place of a traceback."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from chitra.errors import InputError, WorkshopError
from workshop.aws.advice import AWS_ERRORS, advice

MENDABLE = (InputError, WorkshopError, *AWS_ERRORS)


def show_errors_in_one_line() -> None:
    """From now on in this kernel. The cell still counts as failed, so that "run all" stops there."""
    if ipython := sys.modules.get("IPython"):  # it is loaded wherever a notebook runs
        shell: Any = ipython.get_ipython()
        if shell is not None:
            shell.set_custom_exc(MENDABLE, _show)


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> list[str]:
    said = advice(error) if isinstance(error, AWS_ERRORS) else str(error)
    print(f"エラー: {said}", file=sys.stderr)
    return []
