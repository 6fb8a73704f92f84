"""Paths made of names that others chose: each lies inside its folder, or is refused."""

from __future__ import annotations

import os
from pathlib import Path

from chitra.visible import visible

NAME_BYTES = 255  # the longest file name of ext4, XFS and APFS
PATH_BYTES = 4095  # Linux's PATH_MAX without its final zero byte


class UnsafePathError(ValueError):
    """The names lead out of the folder or make no file name. The message says why, and holds no name."""


def inside(folder: Path, *parts: str) -> Path:
    """The path below ``folder`` that the parts name; a part may hold several names, as keys of S3 do: ``a/b``.

    Links are followed for the check, not in what is returned.

    Raises:
        UnsafePathError: the path is not a place inside ``folder``, or no file system would take it.
    """
    names = [name for part in parts for name in file_names(part)]
    target = folder.joinpath(*names)
    if len(os.fsencode(target.absolute())) > PATH_BYTES:
        raise UnsafePathError(f"its path is longer than {PATH_BYTES} bytes")
    try:
        home, resolved = folder.resolve(), target.resolve()
    except (OSError, RuntimeError) as error:  # Python before 3.13 raises RuntimeError for links in a circle
        raise UnsafePathError("a link on its way cannot be followed") from error
    if resolved == home or not resolved.is_relative_to(home):
        raise UnsafePathError("it leads out of the folder, through its name or through a link")
    return target


def file_names(key: str) -> list[str]:
    """The names in ``a/b/c``, each fit for a file.

    Raises:
        UnsafePathError: one of them is not.
    """
    names = key.split("/")
    for name in names:
        if name in ("", ".", ".."):
            raise UnsafePathError("its name leaves the folder or has an empty part")
        if visible(name) != name:
            raise UnsafePathError("its name holds a control character")
        if len(name.encode()) > NAME_BYTES:
            raise UnsafePathError(f"its name is longer than {NAME_BYTES} bytes")
    return names
