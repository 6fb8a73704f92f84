"""The rehearsal's result: report.json for machines, report.html for people."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader

from rehearsal.progress import Step
from workshop.report.job import Job
from workshop.report.page import context, environment
from workshop.report.results import has_results, read_results
from workshop.report.words import language_of

TEMPLATES = Path(__file__).parent


@dataclass(slots=True)
class Report:
    """Filled step by step; what was not reached stays empty."""

    steps: list[Step] = field(default_factory=list)
    runtime: str = "process"
    corpus: dict[str, int] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, float | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    leftovers: list[str] | None = None
    job: Job | None = None

    @property
    def passed(self) -> bool:
        return self.leftovers == [] and all(step.status == "passed" for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        steps = [{"name": step.name, "seconds": round(step.seconds, 1), "status": step.status} for step in self.steps]
        return {
            "passed": self.passed,
            "steps": steps,
            "runtime": self.runtime,
            "corpus": self.corpus,
            "model": self.model,
            "evaluation": self.evaluation,
            "warnings": self.warnings,
            "predictions": self.predictions,
            "leftovers": self.leftovers,
        }


def write_report(report: Report, folder: Path, export: Path, run: str) -> None:
    """Write report.json and report.html; the page holds that of the run in ``export``, where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    content = report.to_json()
    (folder / "report.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    template = environment(FileSystemLoader(TEMPLATES)).get_template("report.html.j2")
    results = read_results(export, run) if has_results(export) else None
    page = template.render(report=content, **context(results, language_of(os.environ), report.job))
    (folder / "report.html").write_text(page, encoding="utf-8")
