"""The two sides of a review: what a folder's CDK app synthesises, offline."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.assembly import read_object
from checks.together import Checked, check_synthesis
from chitra.errors import WorkshopError
from infra.settings import CONTEXT_KEY
from review.hashes import asset_names

Template = dict[str, Any]
ENDING = ".template.json"
PATHS = {"aws:cdk:enable-path-metadata": True}  # so that resources are called as in the code
# What plugins find is compared, and stops nothing here.
REPORT_ONLY = {"@aws-cdk/core:failSynthOnValidationErrors": False}


@dataclass(frozen=True)
class Side:
    """``templates`` by the stacks' names; ``assets`` tells what each hash is the hash of, ``images`` which are images;
    ``context`` is cdk.json's; ``checked`` is what checkers find."""

    label: str
    templates: dict[str, Template]
    assets: dict[str, str]
    images: frozenset[str]
    context: dict[str, Any]
    checked: Checked

    @property
    def workshop(self) -> str:
        """The name that prefixes the stacks'; empty in other projects."""
        settings = self.context.get(CONTEXT_KEY)
        return str(settings.get("name", "")) if isinstance(settings, dict) else ""

    def stacks(self) -> dict[str, str]:
        """The stacks' names by what is left of them without the workshop's: so both sides call them the same."""
        return {name.removeprefix(f"{self.workshop}-"): name for name in self.templates}


def synthesise(folder: Path, output: Path, label: str) -> Side:
    """Run the app that the folder's cdk.json names, as the CDK CLI does, but for an account.

    Raises:
        WorkshopError: the app did not end well; its own last line is told.
    """
    document = read_object(folder / "cdk.json")
    context = document.get("context", {})
    looked_up = folder / "cdk.context.json"
    known = read_object(looked_up) if looked_up.exists() else {}
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHON"))}
    environment |= {
        "CDK_OUTDIR": str(output),
        "CDK_CONTEXT_JSON": json.dumps({**known, **context, **PATHS, **REPORT_ONLY}),
    }
    call = shlex.split(str(document.get("app", "")))
    if not call:
        raise WorkshopError(f"{folder / 'cdk.json'}: names no app.")
    try:
        done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise WorkshopError(f"{label}: {call[0]} cannot be started ({error.strerror}). Run `make setup`.") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise WorkshopError(f"{label}: {shlex.join(call)} failed, and said last: {said[-1].strip()}")
    return read_side(output, label, context)


def read_side(output: Path, label: str, context: dict[str, Any]) -> Side:
    """What a synthesis left in a folder."""
    manifests = [read_object(file) for file in sorted(output.glob("*.assets.json"))]
    return Side(
        label,
        {file.name.removesuffix(ENDING): read_object(file) for file in sorted(output.glob(f"*{ENDING}"))},
        {key: name for manifest in manifests for key, name in asset_names(manifest).items()},
        frozenset(key for manifest in manifests for key in manifest.get("dockerImages", {})),
        context,
        check_synthesis(output),
    )
