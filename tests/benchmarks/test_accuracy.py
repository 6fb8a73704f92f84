"""Several training jobs are told as a mean and how far it can be trusted."""

from __future__ import annotations

import pytest

from benchmarks.accuracy import Outcome, interval, print_outcomes


def test_should_give_students_interval() -> None:
    """2.776 is the value of Student's t for four degrees of freedom and 95 %."""
    mean, width = interval([0.93, 0.94, 0.95, 0.94, 0.94])
    assert mean == pytest.approx(0.94)
    assert width == pytest.approx(2.776 * 0.5**0.5 / 100 / 5**0.5, rel=1e-3)


def test_should_show_each_way_beside_its_yardstick(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [Outcome("windows", seed, 0.95, 0.94 + seed / 100, 0.96, 200.0) for seed in (0, 1)]
    print_outcomes([*jobs, Outcome("head", 0, 0.92, 0.91, 0.93, 100.0)])
    windows, head = (line for line in capsys.readouterr().out.splitlines() if "0.9" in line)
    assert "0.9450 ± 0.0635" in windows
    assert "0.9600" in windows
    assert [cell.strip() for cell in head.split("│")[1:-1]] == ["head", "1", "0.9200", "0.9100", "0.9300", "100"]
