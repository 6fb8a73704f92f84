"""The two sides of a review: what a folder's CDK app synthesises, offline."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chitra.errors import WorkshopError
from infra.settings import CONTEXT_KEY
from review.hashes import asset_names

Template = dict[str, Any]
ENDING = ".template.json"
PATHS = {"aws:cdk:enable-path-metadata": True}  # so that resources are called as in the code


@dataclass(frozen=True)
class Side:
    """``templates`` by the stacks' names; ``assets`` tells what each hash is the hash of, ``images`` which are images;
    ``context`` is cdk.json's; ``findings`` are one text each, of the validation plugins ``checks``."""

    label: str
    templates: dict[str, Template]
    assets: dict[str, str]
    images: frozenset[str]
    context: dict[str, Any]
    findings: frozenset[str]
    checks: frozenset[str]

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
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PYTHONPATH"))}
    environment |= {"CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": json.dumps({**known, **context, **PATHS})}
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
    report = output / "validation-report.json"  # of what plugins find while the CDK synthesises
    plugins = read_object(report).get("pluginReports", []) if report.exists() else []
    manifests = [read_object(file) for file in sorted(output.glob("*.assets.json"))]
    return Side(
        label,
        {file.name.removesuffix(ENDING): read_object(file) for file in sorted(output.glob(f"*{ENDING}"))},
        {key: name for manifest in manifests for key, name in asset_names(manifest).items()},
        frozenset(key for manifest in manifests for key in manifest.get("dockerImages", {})),
        context,
        frozenset(text for plugin in plugins for text in _findings(plugin)),
        frozenset(str(plugin.get("pluginName", "a plugin")) for plugin in plugins),
    )


def _findings(plugin: dict[str, Any]) -> list[str]:
    """One text per finding and place."""
    return [
        f"{violation.get('ruleName', '')}: {violation.get('description', '')} ({place.get('resourceLogicalId', '')})"
        for violation in plugin.get("violations", [])
        for place in violation.get("violatingResources", [{}])
    ]


def read_object(file: Path) -> dict[str, Any]:
    """A JSON file's object.

    Raises:
        WorkshopError: there is none.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WorkshopError(f"{file}: cannot be read as JSON ({error}).") from error
    if not isinstance(document, dict):
        raise WorkshopError(f"{file}: is not an object.")
    return document
