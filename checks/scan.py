"""checkov: templates against its rules on security, in an environment of its own, without its vendor's service.

It pins boto3, packaging and others exactly, so it cannot live beside this project's packages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checks.assembly import Assembly
from checks.findings import Finding
from checks.programs import run

NAME = "checkov"
PROGRAM = Path(__file__).parent.parent / ".venv-checks/bin/checkov"
ARGUMENTS = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--output", "json")


def is_installed() -> bool:
    return PROGRAM.exists()


def findings(assemblies: Sequence[Assembly]) -> list[list[Finding]]:
    """Of each; one call for all, because its start takes longer than a template.

    Raises:
        WorkshopError: it is not installed, or fails.
    """
    files = [str(file.resolve()) for assembly in assemblies for file in assembly.templates]
    answer = run([str(PROGRAM), *ARGUMENTS, "--file", *files], NAME)
    results: dict[str, Any] = answer.get("results", {}) if isinstance(answer, dict) else {}
    return [
        [*_unread(assembly, results.get("parsing_errors", [])), *_failed(assembly, results.get("failed_checks", []))]
        for assembly in assemblies
    ]


def _failed(assembly: Assembly, checks: list[dict[str, Any]]) -> list[Finding]:
    files = {str(file.resolve()): file.name for file in assembly.templates}
    found = []
    for check in checks:
        if file := files.get(str(check["file_abs_path"])):
            path = assembly.path(file, str(check["resource"]).rpartition(".")[2])
            way_out = "Do as it says, or acknowledge it"
            found.append(Finding(file, path, NAME, str(check["check_id"]), str(check["check_name"]), way_out))
    return found


def _unread(assembly: Assembly, files: list[str]) -> list[Finding]:
    ours = {str(file.resolve()): file.name for file in assembly.templates}
    names = [name for file, name in ours.items() if any(file.endswith(each.lstrip("/.")) for each in files)]
    return [Finding(name, "template", NAME, "unreadable", "it cannot read this file", "Mend it") for name in names]
