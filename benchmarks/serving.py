"""Our endpoint beside one as the 2022 hands-on had it, both over HTTP: `python -m benchmarks.serving CORPUS`.

The model has chiTra's shape, 12 layers of 768, and random weights. Requests to both take turns; CPU time is that of the
endpoint's process, which other work on the machine changes less than the time that a client waits.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import psutil
import typer

from benchmarks.report import Row, print_report
from chitra.corpus import CorpusReader, read_corpus
from chitra.tokenisation import Encoder
from infra.settings import read_settings
from local_aws.ports import free_port
from workshop.commands.common import run_app

LENGTHS = (128, 512)
LONGEST = 512
RUNS, TURN = 5, 3
CLIENTS = 16
ROUNDS = 2
ARTICLES = CLIENTS
STARTS = 2
PATIENCE = 300.0  # seconds
LAYERS, STUDENT_LAYERS = 12, 6
VOCABULARY_SIZE = 32_000  # about that of chiTra-1.0
HANDS_ON, PADDED = "hands-on", f", hands-on padded to {LONGEST}"
WALL, CPU = "ms", "CPU ms"
SERVE_HANDS_ON = """
import pathlib, sys
from benchmarks.hands_on_endpoint import serve
serve(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A process that answers at ``address``; ``extra`` goes into every request."""

    address: str
    process: psutil.Process
    extra: dict[str, str]

    def ask(self, text: str) -> float:
        """Seconds until the answer."""
        body = json.dumps({"inputs": text, **self.extra}).encode()
        request = urllib.request.Request(self.address, body, {"Content-Type": "application/json"})  # noqa: S310
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            answer.read()
        return time.perf_counter() - start

    def cpu_seconds(self) -> float:
        """Of the process, until now."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


Seconds = dict[str, dict[str, float]]  # by the endpoint's name and the clock


def measure_serving(corpus: Path, tokenizer_dir: Path, scratch: Path) -> list[Row]:
    """Latency, throughput and start-up: of a model of 12 layers, and of one of 6 as distilling makes it."""
    from benchmarks.served_model import make_artefact  # brings PyTorch: a mistake in the call is told before

    texts = _texts(corpus, tokenizer_dir)
    whole, student = scratch / "whole/model", scratch / "student/model"
    for folder, layers in ((whole, LAYERS), (student, STUDENT_LAYERS)):
        print(make_artefact(tokenizer_dir, folder, layers=layers).table(), flush=True)
    rows = _starts(whole, texts[LONGEST])
    with _ours(whole) as ours, _ours(student) as distilled, _hands_on(whole) as hands_on:
        padded = replace(hands_on, extra={"padding": "max_length"})
        endpoints = {"": ours, ", distilled": distilled, HANDS_ON: hands_on, PADDED: padded}
        for length, text in texts.items():
            rows += _compared(f"one request, {length} ids", _latencies(endpoints, text), RUNS * TURN)
        del endpoints[PADDED]
        rows += _loaded(endpoints, texts[LONGEST])
    return rows


def _texts(corpus: Path, tokenizer_dir: Path) -> dict[int, str]:
    """The beginning of the corpus, as much as each of LENGTHS takes."""
    everything = "".join(article.text for article in read_corpus(corpus).articles[:40])
    encoder = Encoder(tokenizer_dir, LONGEST)
    found = {}
    for length in LENGTHS:
        size = length
        while len(encoder.encode([everything[:size]])[0]) < length:
            size += 1
        found[length] = everything[:size]
    return found


def _latencies(endpoints: dict[str, Endpoint], text: str) -> Seconds:
    """Medians of one request, of an endpoint at work: a machine that rested, or did something else, is slow at first.

    Each turn of an endpoint is a request that is not counted and TURN that are.
    """
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in endpoints}
    for _ in range(RUNS):
        for name, endpoint in endpoints.items():
            endpoint.ask(text)
            for _ in range(TURN):
                before = endpoint.cpu_seconds()
                wall = endpoint.ask(text)
                taken[name].append((wall, endpoint.cpu_seconds() - before))
    medians = {name: list(map(statistics.median, zip(*runs, strict=True))) for name, runs in taken.items()}
    return {name: {WALL: wall, CPU: cpu} for name, (wall, cpu) in medians.items()}


def _loaded(endpoints: dict[str, Endpoint], text: str) -> list[Row]:
    """16 clients at once: seconds per article, and the slowest hundredth of the answers."""
    taken: dict[str, list[tuple[float, float, list[float]]]] = {name: [] for name in endpoints}
    with ThreadPoolExecutor(CLIENTS) as clients:
        for _ in range(ROUNDS):
            for name, endpoint in endpoints.items():
                cpu, start = endpoint.cpu_seconds(), time.perf_counter()
                waits = list(clients.map(endpoint.ask, [text] * ARTICLES))
                wall = time.perf_counter() - start
                taken[name].append((wall / ARTICLES, (endpoint.cpu_seconds() - cpu) / ARTICLES, waits))
    seconds, slowest = {}, {}
    for name, rounds in taken.items():
        seconds[name] = {
            WALL: statistics.median(wall for wall, _, _ in rounds),
            CPU: statistics.median(cpu for _, cpu, _ in rounds),
        }
        slowest[name] = {WALL: statistics.quantiles([each for _, _, waits in rounds for each in waits], n=100)[-1]}
    case = f"{CLIENTS} clients, {LONGEST} ids"
    return [*_compared(f"{case}, per article", seconds, ROUNDS), *_compared(f"{case}, p99", slowest, ROUNDS)]


def _compared(case: str, seconds: Seconds, runs: int) -> list[Row]:
    """Ours and the distilled one's beside the hands-on's, and ours beside its padded inputs."""
    pairs = [("", HANDS_ON), (", distilled", HANDS_ON), ("", PADDED)]
    return [
        Row(
            f"{case}{name}{PADDED if beside == PADDED else ''}",
            unit,
            1_000 * ours,
            1_000 * seconds[beside][unit],
            seconds[beside][unit] / ours,
            None,
            runs,
        )
        for name, beside in pairs
        if name in seconds and beside in seconds
        for unit, ours in seconds[name].items()
    ]


def _starts(folder: Path, text: str) -> list[Row]:
    """From the start of the process to its first answer; the first start only fills the file system's cache."""
    taken: dict[str, list[tuple[float, float]]] = {"": [], HANDS_ON: []}
    for _ in range(STARTS + 1):
        for name, start in (("", _ours), (HANDS_ON, _hands_on)):
            begin = time.perf_counter()
            with start(folder) as endpoint:
                endpoint.ask(text)
                taken[name].append((time.perf_counter() - begin, endpoint.cpu_seconds()))
    medians = {name: list(map(statistics.median, zip(*runs[1:], strict=True))) for name, runs in taken.items()}
    seconds = {name: {WALL: wall, CPU: cpu} for name, (wall, cpu) in medians.items()}
    return _compared("start to first answer", seconds, STARTS)


@contextmanager
def _ours(folder: Path) -> Iterator[Endpoint]:
    port = free_port()
    places = {"SAGEMAKER_BASE_DIR": str(folder.parent), "SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"}
    with _running(["-m", "training_image.serve"], port, places) as process:
        yield Endpoint(f"http://127.0.0.1:{port}/invocations", process, {})


@contextmanager
def _hands_on(folder: Path) -> Iterator[Endpoint]:
    port = free_port()
    with _running(["-c", SERVE_HANDS_ON, str(folder), str(port)], port, {}) as process:
        yield Endpoint(f"http://127.0.0.1:{port}", process, {"padding": "longest"})


@contextmanager
def _running(command: Sequence[str], port: int, variables: dict[str, str]) -> Iterator[psutil.Process]:
    """A Python program as a process, once it takes connections at ``port``."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **variables}, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{' '.join(command)} did not start")
            time.sleep(0.02)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serving(corpus: Annotated[Path, typer.Argument(help="Archive, extracted folder, or JSONL files.")]) -> None:
    """Latency, throughput and start-up of the endpoint."""
    CorpusReader(corpus)
    from rehearsal import stand_in  # brings PyTorch: a mistake in the call is told before

    stand_in.VOCABULARY_SIZE = VOCABULARY_SIZE
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer_dir = Path(scratch) / "tokenizer"
        stand_in.build_stand_in(corpus, tokenizer_dir, seed=read_settings().preprocessing.seed)
        print_report(measure_serving(corpus, tokenizer_dir, Path(scratch)))


if __name__ == "__main__":
    run_app(app)
