"""What a stage tells while it works: lines in a log, one live line in a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from preprocessing import progress
from preprocessing.progress import StageProgress

STAGE = """
from preprocessing import progress
progress.SECONDS_BETWEEN_UPDATES = 0
stage = progress.StageProgress("encode")
stage.advance(1_000, 0.5)
stage.advance(1_000, 1.0)
stage.finish()
"""


def test_should_tell_rate_and_time_left_in_lines_of_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 2.0, 6.0, 120.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    stage = StageProgress("encode")
    stage.advance(500, 0.01)  # too soon for a line
    stage.advance(700, 0.05)
    assert capsys.readouterr().out == "encode: 1,200 articles, 200/s, 1 min 54 s left\n"
    assert stage.finish() == {"articles": 1_200, "seconds": 120.0, "articles_per_second": 10.0}
    assert capsys.readouterr().out == "encode: 1,200 articles in 2 min 00 s, 10/s\n"


def test_should_keep_one_live_line_in_a_terminal() -> None:
    controller, terminal = pty.openpty()
    done = subprocess.run([sys.executable, "-c", STAGE], stdout=terminal, check=False)
    os.close(terminal)
    shown = os.read(controller, 4096).decode()
    os.close(controller)
    assert done.returncode == 0
    assert shown.count("\r\n") == 1
    assert shown.count("\rencode: ") == 3
    assert "left" in shown
