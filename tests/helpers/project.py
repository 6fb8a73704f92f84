"""Settings of the tests' own, and the project in a folder of its own with them: no test depends on cdk.json's."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from infra.settings import CDK_JSON, CONTEXT_KEY, parse_settings

ROOT = Path(__file__).parent.parent.parent
CONTEXT: dict[str, Any] = json.loads((ROOT / "tests/settings.json").read_text(encoding="utf-8"))
SETTINGS = parse_settings(CONTEXT)
# The suite runs each journey once: notebooks and crowd in one mode, the rehearsal and whole days in the other, unless
# ACCESS in the environment names one for all.
ACCESS = os.environ.get("ACCESS", "scoped")
ACCESS_OF_DAYS = os.environ.get("ACCESS", "full")
PROGRAMS = ("app.py", "chitra", "dependencies", "infra", "local_aws", "models", "preprocessing", "rehearsal", "samples")
PROGRAMS += ("rules", "training_image", "workshop")
INSTALLED = (".venv", "node_modules")
# Twelve articles of each category are enough for a test, and train four times as fast as all.
FURTHER_ARTICLES = ("*-001[3-9].txt", "*-00[2-9]?.txt")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.tar.gz", *FURTHER_ARTICLES)


def cdk_json(context: dict[str, Any]) -> dict[str, Any]:
    """The project's cdk.json with other settings: the CDK's flags are no settings of an organiser's."""
    document: dict[str, Any] = json.loads(CDK_JSON.read_text(encoding="utf-8"))
    return {**document, "context": {**document["context"], CONTEXT_KEY: context}}


def copy_project(folder: Path, context: dict[str, Any] = CONTEXT, more: tuple[str, ...] = ()) -> Path:
    """What an organiser has after setup and an edit of cdk.json; ``more`` names what to copy besides the programs.

    Programs run from there with the folder as working directory or PYTHONPATH.
    """
    folder.mkdir(parents=True)
    for name in (*PROGRAMS, *more):
        source = ROOT / name
        shutil.copytree(source, folder / name, ignore=LEFT_OUT) if source.is_dir() else shutil.copy(source, folder)
    for name in INSTALLED:
        (folder / name).symlink_to(ROOT / name)
    write_cdk_json(folder, context)
    return folder


def write_cdk_json(folder: Path, context: dict[str, Any] = CONTEXT) -> None:
    """Make ``folder`` one that ``--folder`` can name."""
    (folder / CDK_JSON.name).write_text(json.dumps(cdk_json(context), indent=2), encoding="utf-8")
