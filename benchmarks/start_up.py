"""How long the programs of the image take before they do what they are there for.

The processing job encodes two dozen one-line articles, the training job refuses a hyperparameter and then, a corpus of
that size before it, trains one epoch; the endpoint answers its first request. Wall and CPU seconds of each, children
included.
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from benchmarks.jobs import cpu_seconds, environment, prepare_training, run_job
from benchmarks.report import Row
from local_aws.ports import free_port

RUNS = 5
ARTICLE = "https://example.com/\n2026-01-01T00:00:00+0900\n題名\n{}について書いた記事の{}番です。\n"
CATEGORIES = ("映画", "旅行")
ARTICLES_PER_CATEGORY = 12
PATIENCE = 120.0  # seconds


def measure_start_up(model_dir: Path, scratch: Path, runs: int = RUNS) -> list[Row]:
    """Medians; ``scratch`` is a folder that is empty."""
    base = scratch / "ml"
    _prepare(base)
    programs: dict[str, Callable[[], None]] = {
        "processing job, 24 articles": lambda: run_job("preprocessing", base, model_dir),
        "training job, refused": lambda: _refused(base, model_dir),
        "training job, one epoch": lambda: _train(base, model_dir),
        "endpoint, until its first answer": lambda: _serve(base, model_dir),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(runs + 1):
        for name, program in programs.items():
            wall, cpu = time.monotonic(), cpu_seconds()
            program()
            seconds[name].append((time.monotonic() - wall, cpu_seconds() - cpu))
    rows = []
    for name, taken in seconds.items():
        # The first round only fills the file system's cache.
        for unit, values in zip(("s", "CPU s"), zip(*taken[1:], strict=True), strict=True):
            rows.append(Row(f"start: {name}", unit, statistics.median(values), None, None, None, runs))
    return rows


def _prepare(base: Path) -> None:
    for category in CATEGORIES:
        folder = base / "processing/input/corpus" / category
        folder.mkdir(parents=True)
        for number in range(ARTICLES_PER_CATEGORY):
            (folder / f"{number}.txt").write_text(ARTICLE.format(category, number), encoding="utf-8")
    prepare_training(base)


def _refused(base: Path, model_dir: Path) -> None:
    (base / "input/config/hyperparameters.json").write_text('{"epoch": 1}')
    run_job("training_image.train", base, model_dir, code=2)


def _train(base: Path, model_dir: Path) -> None:
    (base / "input/config/hyperparameters.json").write_text('{"epochs": 1}')
    shutil.rmtree(base / "checkpoints", ignore_errors=True)
    run_job("training_image.train", base, model_dir)


def _serve(base: Path, model_dir: Path) -> None:
    port = free_port()
    endpoint = subprocess.Popen(
        [sys.executable, "-m", "training_image.serve"],
        env={**environment(base, model_dir), "SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"},
        stderr=subprocess.DEVNULL,
    )
    try:
        _first_answer(port)
    finally:
        endpoint.send_signal(signal.SIGTERM)
        endpoint.wait()


def _first_answer(port: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"inputs": "旅行の記事です。"}).encode(),
        {"Content-Type": "application/json"},
    )
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(request):  # noqa: S310
                return
        except urllib.error.URLError:
            time.sleep(0.02)
    raise SystemExit("the endpoint gave no answer")
