"""Templates are compared by the library of the CDK's own `cdk diff`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from chitra.errors import WorkshopError

SCRIPT = Path(__file__).with_name("difference.cjs")


def compare(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[dict[str, Any]]:
    """For each pair of templates, what difference.cjs prints: ``resources`` and ``others``.

    Raises:
        WorkshopError: Node or the library is missing.
    """
    if not pairs:
        return []
    try:
        done = subprocess.run(
            ["node", str(SCRIPT)],
            input=json.dumps(pairs),
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
    except FileNotFoundError as error:
        raise WorkshopError("node: is not installed here. Run `make setup`.") from error
    if done.returncode:
        reasons = [line for line in done.stderr.splitlines() if "Error" in line] or ["no reason"]
        raise WorkshopError(f"{SCRIPT.name}: {reasons[0].strip()}. Run `make setup`.")
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer
