"""cfn-lint: templates against CloudFormation's own schemas, and what AWS documents beside them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from checks.assembly import Assembly
from checks.findings import Finding
from checks.programs import run

NAME = "cfn-lint"
PROGRAM = Path(sys.executable).parent / NAME


def findings(assemblies: Sequence[Assembly]) -> list[list[Finding]]:
    """Of each; one call for all, because its start takes longer than a template."""
    files = [str(file.resolve()) for assembly in assemblies for file in assembly.templates]
    regions = sorted(set().union(*(assembly.regions for assembly in assemblies)))
    call = [str(PROGRAM), "--format", "json"]
    if regions:
        call += ["--regions", *regions]
    rows = run([*call, "--", *files], NAME)
    return [[_finding(assembly, row) for row in rows if _is_of(assembly, row)] for assembly in assemblies]


def _is_of(assembly: Assembly, row: dict[str, object]) -> bool:
    return str(row["Filename"]) in {str(file.resolve()) for file in assembly.templates}


def _finding(assembly: Assembly, row: dict[str, object]) -> Finding:
    match row:
        case {"Filename": str(file), "Rule": {"Id": str(rule), "Source": source}, "Message": str(problem)}:
            name = file.rpartition("/")[2]
            match row.get("Location"):
                case {"Path": ["Resources", str(logical_id), *_]}:
                    path = assembly.path(name, logical_id)
                case _:
                    path = "template"
            return Finding(name, path, NAME, rule, problem, f"Mend it: {source}; or acknowledge it")
    raise ValueError(f"{NAME}: an unknown answer: {row}")
