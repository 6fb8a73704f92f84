"""How other programs check: with nothing of the caller's surroundings, neither account nor settings nor proxies."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any

from chitra.errors import WorkshopError

KEPT = ("PATH", "TMPDIR", "SYSTEMROOT")
QUIET = {"LANG": "C.UTF-8", "SKIP_PACKAGE_UPDATE_CHECK": "true"}  # checkov asks PyPI for a newer one otherwise


def run(call: list[str], name: str) -> Any:
    """The JSON that a checker prints; it runs in an empty folder that is its home, too.

    Raises:
        WorkshopError: it prints none.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {key: os.environ[key] for key in KEPT if key in os.environ} | QUIET | {"HOME": home}
        try:
            done = subprocess.run(call, cwd=home, env=environment, capture_output=True, text=True, check=False)
        except OSError as error:
            raise WorkshopError(f"{name}: {call[0]} cannot be started ({error.strerror}). Run `make synth`.") from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        said = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise WorkshopError(f"{name}: failed, and said last: {said[0].strip()}") from error
