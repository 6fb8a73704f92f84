"""`python -m checks [FOLDER]`: one line for each finding.

Exit codes: 0 nothing found, 1 something found, 2 the folder cannot be checked.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checks import scan
from checks.together import check, check_synthesis
from chitra.errors import WorkshopError

FOUND, CANNOT = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Print what is found."""
    parser = argparse.ArgumentParser(prog="python -m checks", description="Check synthesised templates.")
    parser.add_argument("folder", nargs="?", default="cdk.out", help="what `cdk synth` wrote (cdk.out)")
    parser.add_argument("--synthesis", action="store_true", help="only what plugins found while it was written")
    given = parser.parse_args(arguments)
    folder = Path(given.folder)
    try:
        if not given.synthesis and not scan.is_installed():
            raise WorkshopError(f"{scan.PROGRAM}: is missing. `make synth` installs it.")
        checked = check_synthesis(folder) if given.synthesis else check([folder])[0]
    except WorkshopError as error:
        print(f"error: {error}", file=sys.stderr)
        return CANNOT
    for finding in checked.open:
        print(finding.line())
    if checked.open:
        print(f"{len(checked.open)} findings. docs/checks.md says how one is acknowledged.", file=sys.stderr)
        return FOUND
    if not given.synthesis:
        names = ", ".join(sorted(checked.checkers))
        print(f"{folder}: nothing found by {names}; {len(checked.acknowledged)} findings are acknowledged.")
    return 0
