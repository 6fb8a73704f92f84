"""What checkers find on either side: new, gone, acknowledged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from checks.assembly import Assembly, read_assembly
from checks.findings import Acknowledged, Finding
from checks.together import Checked, checked, programs, run_programs

LOCKS = Path(__file__).parent.parent / "requirements.lock", Path(__file__).parent.parent / "dependencies/checkov.lock"


@dataclass(frozen=True)
class FindingsChange:
    """``lacking`` are checkers that the base did not have: what they find is ``not_compared``, new or not. ``dropped``
    are those that the head has no longer."""

    new: list[Finding] = field(default_factory=list)
    gone: list[Finding] = field(default_factory=list)
    not_compared: list[Finding] = field(default_factory=list)
    newly_acknowledged: list[Acknowledged] = field(default_factory=list)
    no_longer_acknowledged: list[Acknowledged] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    checkers: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What review.json holds."""
        return {
            "new": [text_of(each) for each in self.new],
            "gone": [text_of(each) for each in self.gone],
            "not_compared": [text_of(each) for each in self.not_compared],
            "acknowledged": [asdict(each) for each in self.newly_acknowledged],
            "lacking": self.lacking,
            "dropped": self.dropped,
        }


def text_of(finding: Finding) -> str:
    return f"{finding.rule}: {finding.problem} ({finding.path})"


def findings_between(base: Checked, head: Checked) -> FindingsChange:
    """What was open and is acknowledged now is neither new nor gone."""
    lacking = head.checkers - base.checkers
    covered = {each for each in base.open if any(ack.covers(each) for ack in head.acknowledged)}
    open_before, open_after = set(base.open), set(head.open)
    added = {each for each in open_after - open_before if each.checker not in lacking}
    before, after = set(base.acknowledged), set(head.acknowledged)
    return FindingsChange(
        sorted(added),
        sorted(each for each in open_before - open_after - covered if each.checker in head.checkers),
        sorted(open_after - open_before - added),
        sorted(after - before),
        sorted(before - after),
        sorted(after & before),
        sorted(lacking),
        sorted(head.checkers),
        sorted(base.checkers - head.checkers),
    )


def check_assemblies(folders: Sequence[Path], memory: Path) -> list[Checked]:
    """With programs that take seconds; what they found in the same templates before is in the folder ``memory``.

    Raises:
        WorkshopError: a program cannot run.
    """
    memory.mkdir(parents=True, exist_ok=True)
    assemblies = [read_assembly(folder) for folder in folders]
    files = [memory / f"{_key(assembly)}.json" for assembly in assemblies]
    unknown = {file: assembly for file, assembly in zip(files, assemblies, strict=True) if not file.exists()}
    for file, found in zip(unknown, run_programs([*unknown.values()]) if unknown else [], strict=True):
        file.write_text(json.dumps([asdict(finding) for finding in found]), encoding="utf-8")
    known = [[Finding(**each) for each in json.loads(file.read_text(encoding="utf-8"))] for file in files]
    return [checked(assembly, found) for assembly, found in zip(assemblies, known, strict=True)]


def _key(assembly: Assembly) -> str:
    """Of all that decides what the programs find, and how it is called."""
    digest = hashlib.sha256(" ".join(programs()).encode())
    for file in (*LOCKS, *assembly.templates, *sorted(assembly.folder.glob("*.metadata.json"))):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def without_the_workshop(checked: Checked, workshop: str) -> Checked:
    """Places as both sides call them, whatever each side's workshop is called."""
    if not workshop:
        return checked
    prefix = f"{workshop}-"

    def short(name: str) -> str:
        return name.removeprefix(prefix)

    return replace(
        checked,
        open=tuple(sorted(replace(each, file=short(each.file), path=short(each.path)) for each in checked.open)),
        acknowledged=tuple(sorted(replace(each, path=short(each.path)) for each in checked.acknowledged)),
    )
