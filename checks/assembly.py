"""A folder that a CDK app wrote (cdk.out): its templates, what the resources are called, what is acknowledged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.findings import Acknowledged
from chitra.errors import WorkshopError

ENDING = ".template.json"
REPORT = "validation-report.json"
CHECKED_BY = "checked-by"


@dataclass(frozen=True)
class Assembly:
    """``paths`` are the constructs' by template and logical id; ``checked_by`` are plugins that the app says it has."""

    folder: Path
    templates: tuple[Path, ...]
    paths: dict[tuple[str, str], str]
    acknowledged: tuple[Acknowledged, ...]
    checked_by: frozenset[str]
    regions: frozenset[str]
    report: dict[str, Any]

    def path(self, template: str, logical_id: str) -> str:
        return self.paths.get((template, logical_id), logical_id)


def read_assembly(folder: Path) -> Assembly:
    """What is not there, as with apps that write templates alone, is empty.

    Raises:
        WorkshopError: a file cannot be read as JSON, or there is no template.
    """
    templates = tuple(sorted(folder.glob(f"*{ENDING}")))
    if not templates:
        raise WorkshopError(f"{folder}: holds no template. Run `make synth`.")
    paths: dict[tuple[str, str], str] = {}
    acknowledged: set[Acknowledged] = set()
    checked_by: set[str] = set()
    for template in templates:
        metadata = _read(folder / template.name.replace(ENDING, ".metadata.json"))
        for path, entries in metadata.items():
            for entry in entries:
                match entry:
                    case {"type": "aws:cdk:logicalId", "data": str(logical_id)}:
                        paths[template.name, logical_id] = path.strip("/")
                    case {"type": "aws:cdk:acknowledged-rules", "data": {**rules}}:
                        acknowledged |= {
                            Acknowledged(path.strip("/"), str(rule).removeprefix("Annotation::"), str(reason))
                            for rule, reason in rules.items()
                        }
                    case {"type": str(kind), "data": [*names]} if kind == CHECKED_BY:
                        checked_by.update(map(str, names))
    artifacts = _read(folder / "manifest.json").get("artifacts", {}).values()
    regions = {str(each["environment"]).rpartition("/")[2] for each in artifacts if "environment" in each}
    return Assembly(
        folder,
        templates,
        paths,
        tuple(sorted(acknowledged)),
        frozenset(checked_by),
        frozenset(regions - {"unknown-region"}),
        _read(folder / REPORT),
    )


def _read(file: Path) -> dict[str, Any]:
    return read_object(file) if file.exists() else {}


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
