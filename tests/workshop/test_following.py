"""What one sees of a run: on a terminal, in a pipe, as a program. Each is a process of its own."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from typing import Any

import pytest
from rich.cells import cell_len

from tests.helpers.project import ROOT

FOLLOW = [sys.executable, "-m", "tests.helpers.followed_run", "follow", "one"]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*\b[34]\d(;\d+)*m")
PATIENCE = 60  # seconds
WAYS_BACK = (
    "chitra--one goes on without you, and so does what it costs. Look again: `.venv/bin/workshop follow chitra--one`"
)


def environment(outcome: str, **variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR", "LC_ALL")}
    return {**kept, "LANG": "C.UTF-8", "TERM": "xterm-256color", "OUTCOME": outcome, **variables}


def on_a_terminal(outcome: str, *, columns: int, until: str = "", **variables: str) -> tuple[int, str]:
    """Exit code and everything that came; Ctrl-C is typed as soon as ``until`` stands there."""
    ours, its = pty.openpty()
    ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        FOLLOW,
        cwd=ROOT,
        env=environment(outcome, **variables),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(its)
    came, deadline = b"", time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    came += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
            if until and until in came.decode(errors="ignore"):
                os.write(ours, b"\x03")
                until = ""
        return process.wait(PATIENCE), came.decode()
    finally:
        process.kill()
        os.close(ours)


def in_a_pipe(outcome: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FOLLOW, *options],
        cwd=ROOT,
        env=environment(outcome, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def seen(came: str) -> str:
    """Without what steers the terminal, and without the echo of Ctrl-C."""
    return CONTROL.sub("", came).replace("\r", "\n").replace("^C", "")


@pytest.mark.parametrize("columns", [60, 80])
def test_should_show_a_run_live(columns: int) -> None:
    code, came = on_a_terminal("endless", columns=columns, until="about", NO_COLOR="1")
    assert code == 130
    text = seen(came)
    for line in (
        "encode: 7,367 articles in 12 s, 610/s",
        "✔ Preprocess  2:44",
        "Training: the model learns (since ",
        "epoch 1.65 of 3",
        "training loss █▆▅▄▃▃▂▂▁▁▁ 0.1718",
        "of training left",
        "at worst $1.805",
    ):
        assert line in text, line
    assert re.search(r"2\s+0\.9800\s+0\.3000\s+best", text)
    drawn, _, farewell = text.partition("goes on without you")
    assert max(map(cell_len, drawn.splitlines())) <= columns
    assert not COLOUR.search(came)
    assert "`.venv/bin/workshop follow chitra--one`" in farewell
    assert came.rindex("\x1b[?25h") > came.rindex("\x1b[?25l")  # the cursor is back


def test_should_leave_the_end_on_the_screen() -> None:
    code, came = on_a_terminal("succeeded", columns=80)
    assert code == 0
    assert COLOUR.search(came)
    last = seen(came).rpartition("chitra--one  19:55")[2]
    assert "✔ Train      17:10" in last
    assert "costs so far $0.228" in last
    assert "left" not in last


def test_should_show_it_in_japanese() -> None:
    code, came = on_a_terminal("endless", columns=60, until="学習の残り", LC_ALL="ja_JP.UTF-8")
    text = seen(came)
    assert code == 130
    assert "Training: 学習しています" in text
    assert "エポック 1.65 / 3" in text
    assert "現在までの料金 $" in text
    drawn = text.partition("goes on without you")[0]
    assert max(map(cell_len, drawn.splitlines())) <= 60


def test_should_mark_where_a_run_failed() -> None:
    code, came = on_a_terminal("failed", columns=80)
    assert code == 1
    assert "✘ Train      18:55" in seen(came)
    assert "error: Train: the GPU's memory is full" in seen(came)


def test_should_print_lines_in_a_pipe() -> None:
    done = in_a_pipe("succeeded")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    starting, training = (next(i for i, line in enumerate(lines) if f"  [{word}: " in line) for word in WORDS)
    assert lines.index("Train") < starting < training < lines.index("  epoch 0.15  step 55/1100  loss 1.6000")
    forecast = re.compile(r"  \[about \d+:\d\d of training left, costs so far .*at worst \$1.805\]")
    assert len(list(filter(forecast.fullmatch, lines))) == 1  # of the epoch that has just ended
    assert lines[-2:] == ["Done", "  [costs so far $0.228 · expected $0.228 · at worst $0.228]"]


WORDS = ("Starting", "Training")


def test_should_never_call_an_unknown_price_nothing() -> None:
    done = in_a_pipe("succeeded", PRICES="unknown")
    assert done.stdout.endswith("  [costs so far unknown]\n")
    assert "$" not in done.stdout
    lines = json_lines(in_a_pipe("succeeded", "--json", PRICES="unknown").stdout)
    assert lines[-1]["money"] == {"so_far": None, "expected": None, "at_worst": None}


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_should_print_json_for_programs() -> None:
    done = in_a_pipe("succeeded", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    lines = json_lines(done.stdout)
    assert {line["type"] for line in lines} == {"run", "stage", "log", "job", "step", "epoch", "end"}
    assert lines[0] == {"type": "run", "run": "chitra--one"}
    assert [line["stage"] for line in lines if line["type"] == "stage"] == ["Find image", "Preprocess", "Train", "Done"]
    newest = [line for line in lines if line["type"] == "step"][-1]
    assert (newest["step"], newest["steps"], newest["epoch"]) == (605, 1100, 1.65)
    assert newest["seconds_left"] > 0
    assert newest["money"]["so_far"] < newest["money"]["expected"] < newest["money"]["at_worst"]
    assert [line["accuracy"] for line in lines if line["type"] == "epoch"] == [0.94, 0.98]
    end = lines[-1]
    assert (end["run"], end["outcome"], end["reason"]) == ("chitra--one", "succeeded", "")
    assert end["money"]["so_far"] == pytest.approx(60 / 3600 * 0.3 + 890 / 3600 * 0.9)
    assert end["stages"][2:] == [{"stage": "Train", "seconds": 1030}, {"stage": "Done", "seconds": 0}]


def test_should_end_in_json_when_a_run_fails() -> None:
    done = in_a_pipe("failed", "--json")
    assert done.returncode == 1
    end = json_lines(done.stdout)[-1]
    assert (end["type"], end["outcome"], end["reason"]) == ("end", "failed", "Train: the GPU's memory is full")
    assert done.stderr == "error: Train: the GPU's memory is full\n"


@pytest.mark.parametrize(("options", "farewell"), [((), "stdout"), (("--json",), "stderr")])
def test_should_say_how_to_come_back(options: tuple[str, ...], farewell: str) -> None:
    process = subprocess.Popen(
        [*FOLLOW, *options],
        cwd=ROOT,
        env=environment("endless"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout
    before = ""
    for line in process.stdout:
        before += line
        if "605" in line:
            break
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert WAYS_BACK in {"stdout": rest, "stderr": errors}[farewell]
    if options:
        assert json_lines(before + rest)[-1]["outcome"] == "detached"
