"""The rehearsal's result: report.json for machines, report.html for people."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from rehearsal.progress import Step

TEMPLATES = Path(__file__).parent
PLOTS = ("confusion_matrix.png", "learning_curve.png")


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


def write_report(report: Report, folder: Path, plots: Iterable[Path]) -> None:
    """Write report.json and report.html; the page carries its plots inside."""
    folder.mkdir(parents=True, exist_ok=True)
    content = report.to_json()
    (folder / "report.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True))
    images = {plot.stem: base64.b64encode(plot.read_bytes()).decode() for plot in plots if plot.is_file()}
    page = environment.get_template("report.html.j2").render(report=content, images=images)
    (folder / "report.html").write_text(page, encoding="utf-8")
