"""What the local AWS of a test judges is compared with the table of permissions, or makes it."""

from __future__ import annotations

import os
from pathlib import Path

from local_aws.record import VARIABLE
from permissions.recorded import read
from permissions.table import read_table, unknown

NAMED = os.environ.get(VARIABLE)  # by `make permissions`


def record_file(folder: Path) -> Path:
    """Where the local AWS of a test writes to: the file that was named, or one of the test's own."""
    return Path(NAMED) if NAMED else folder / "calls.jsonl"


def not_in_the_table(file: Path) -> list[str]:
    """Lines about calls that docs/permissions.json lacks; none while it is being made."""
    return [] if NAMED else unknown(read(file), read_table())
