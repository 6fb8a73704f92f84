"""What a checker finds, and what was acknowledged."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

LONGEST = 240  # characters of a problem: some list all that would be right


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """``path`` is the construct's below the app, or, where it has none, the resource's logical id."""

    file: str
    path: str
    checker: str
    rule: str
    problem: str
    way_out: str

    def line(self) -> str:
        """For people: where, what, and the way out."""
        problem = textwrap.shorten(self.problem.rstrip("."), LONGEST, placeholder=" ...")
        return f"{self.file}: {self.path}: {self.rule} ({self.checker}): {problem}. {self.way_out}."


@dataclass(frozen=True, slots=True, order=True)
class Acknowledged:
    """``rule`` is without the CDK's word Annotation, which it puts before what has no namespace."""

    path: str
    rule: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Also what is found further below."""
        return self.rule == finding.rule and f"{finding.path}/".startswith(f"{self.path}/")
