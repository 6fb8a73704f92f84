"""`workshop compare`: runs side by side, from files on disk and what SageMaker says of their jobs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.project import write_cdk_json
from workshop import cli
from workshop.commands.common import console
from workshop.report.job import Job

Command = Callable[..., tuple[int, str]]
LONG = "chitra--participant-1-20261126-170000-abcd"


@pytest.fixture
def runs(exported: Path, change: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two exported runs, of which the first one's job is known to SageMaker."""
    write_cdk_json(tmp_path)
    other = exported.parent / LONG
    shutil.copytree(exported, other)
    metrics = json.loads((exported / "report/metrics.json").read_text(encoding="utf-8"))
    change(exported / "report/metrics.json", accuracy=0.75, train_seconds=125.0)
    changed = {**metrics["hyperparameters"], "learning_rate": 3e-05, "long_articles": "windows"}
    change(other / "report/metrics.json", accuracy=0.5, baseline_accuracy=None, hyperparameters=changed)
    jobs = {exported.name: Job("image", "ml.g4dn.xlarge x 1", 600.0, 0.9)}
    monkeypatch.setattr("workshop.commands.compare.job_of", lambda settings, run: jobs.get(run))
    return tmp_path


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, with its exit code and what it said."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["workshop", "compare", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return call


def test_should_show_what_differs_side_by_side(runs: Path, compare: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 80)
    code, said = compare("one", LONG, "--folder", str(runs))
    assert code == 0, said
    assert max(map(len, said.splitlines())) <= 80
    rows = [line.split() for line in said.splitlines() if line.strip()]
    assert rows[:2] == [["1", "chitra--one"], ["2", LONG]]
    assert ["test", "accuracy", "0.7500", "0.5000"] in rows
    assert ["learning_rate", "0.002", "3e-05"] in rows
    assert ["long_articles", "head", "windows"] in rows
    assert ["cost", "of", "training", "$0.150", "-"] in rows
    assert "2:05" in said
    assert "seed" not in said


def test_should_print_everything_for_programs(runs: Path, compare: Command) -> None:
    code, said = compare("one", LONG, "--json", "--folder", str(runs))
    assert code == 0, said
    document = json.loads(said)
    first, second = document["runs"]
    assert document["differing_hyperparameters"] == ["learning_rate", "long_articles"]
    assert (first["run"], first["cost"], first["epochs"]) == ("chitra--one", pytest.approx(0.15), 2.0)
    assert (second["cost"], second["baseline_accuracy"]) == (None, None)
    assert second["hyperparameters"]["seed"] == 42


def test_should_say_that_runs_were_tested_on_different_articles(
    runs: Path, compare: Command, change: Callable[..., None]
) -> None:
    assert "not all were tested" not in compare("one", LONG, "--folder", str(runs))[1]
    change(runs / "export" / LONG / "report/metrics.json", dataset="ab" * 16)
    assert "not all were tested" in compare("one", LONG, "--folder", str(runs))[1]


def test_should_ask_for_another_run(runs: Path, compare: Command) -> None:
    code, said = compare("one", "--folder", str(runs))
    assert (code, said) == (2, "error: run one: is alone. Name another one to compare it with.\n")
