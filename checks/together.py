"""All checkers on the assemblies of one or more apps."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from checks import lint, scan, synthesis
from checks.assembly import Assembly, read_assembly
from checks.findings import Acknowledged, Finding


@dataclass(frozen=True)
class Checked:
    """``open`` are the findings that nobody acknowledged."""

    checkers: frozenset[str]
    open: tuple[Finding, ...]
    acknowledged: tuple[Acknowledged, ...]


def check_synthesis(folder: Path) -> Checked:
    """What plugins found when the folder was written."""
    assembly = read_assembly(folder)
    return _checked(assembly, synthesis.plugins(assembly), [*synthesis.findings(assembly)])


def check(folders: Sequence[Path]) -> list[Checked]:
    """With cfn-lint, and checkov where it is installed; each runs once for all.

    Raises:
        WorkshopError: a folder holds no templates, or a checker cannot run.
    """
    assemblies = [read_assembly(folder) for folder in folders]
    programs = {lint.NAME: lint.findings} | ({scan.NAME: scan.findings} if scan.is_installed() else {})
    with ThreadPoolExecutor() as pool:
        found = [*pool.map(lambda program: program(assemblies), programs.values())]
    return [
        _checked(
            assembly,
            synthesis.plugins(assembly) | programs.keys(),
            [*synthesis.findings(assembly), *(finding for each in found for finding in each[number])],
        )
        for number, assembly in enumerate(assemblies)
    ]


def _checked(assembly: Assembly, checkers: frozenset[str], found: list[Finding]) -> Checked:
    unknown = {finding for finding in found if not any(each.covers(finding) for each in assembly.acknowledged)}
    return Checked(checkers, tuple(sorted(unknown)), assembly.acknowledged)
