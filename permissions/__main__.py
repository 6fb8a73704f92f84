"""`python -m permissions RECORDING`: write the table, the page and the policies to ask for, as `make permissions`."""

from __future__ import annotations

import sys
from pathlib import Path

from chitra.errors import EXIT_INPUT
from infra.settings import PROJECT
from permissions.page import PAGE, page
from permissions.recorded import read
from permissions.requested import FILES, policy_text
from permissions.table import TABLE, table_text


def main(arguments: list[str]) -> int:
    """2 without a recording."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("error: name the file that LOCAL_AWS_RECORD named: `make permissions` does.", file=sys.stderr)
        return EXIT_INPUT
    calls = read(Path(arguments[0]))
    texts = {TABLE: table_text(calls), PAGE: page(calls)}
    texts |= {file: policy_text(kind, calls) for kind, file in FILES.items()}
    for file, text in texts.items():
        file.write_text(text, encoding="utf-8")
    written = ", ".join(str(file.relative_to(PROJECT)) for file in texts)
    print(f"{len(calls)} calls of {len({call.principal for call in calls})} principals: {written}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
