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
    """With cfn-lint, and checkov where it is installed.

    Raises:
        WorkshopError: a folder holds no templates, or a checker cannot run.
    """
    assemblies = [read_assembly(folder) for folder in folders]
    return [checked(each, found) for each, found in zip(assemblies, run_programs(assemblies), strict=True)]


def programs() -> list[str]:
    """Checkers that can run here beside the synthesis."""
    return [lint.NAME, scan.NAME] if scan.is_installed() else [lint.NAME]


def run_programs(assemblies: Sequence[Assembly]) -> list[list[Finding]]:
    """What they find in each; each of them runs once for all.

    Raises:
        WorkshopError: one cannot run.
    """
    known = {lint.NAME: lint.findings, scan.NAME: scan.findings}
    with ThreadPoolExecutor() as pool:
        of_each = [*pool.map(lambda name: known[name](assemblies), programs())]
    return [[finding for found in of_each for finding in found[number]] for number in range(len(assemblies))]


def checked(assembly: Assembly, found: Sequence[Finding]) -> Checked:
    """What the synthesis and the programs found."""
    return _checked(assembly, synthesis.plugins(assembly) | {*programs()}, [*synthesis.findings(assembly), *found])


def _checked(assembly: Assembly, checkers: frozenset[str], found: list[Finding]) -> Checked:
    unknown = {finding for finding in found if not any(each.covers(finding) for each in assembly.acknowledged)}
    return Checked(checkers, tuple(sorted(unknown)), assembly.acknowledged)
