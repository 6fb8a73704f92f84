"""Memory and rate of the processing job, as a process of its own, on 1, 10 and 100 copies of a corpus."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Row
from chitra.corpus import read_corpus

COPIES = (1, 10, 100)
MEMORY_LIMIT = 1_500.0  # MB per process
# A process keeps the peak of the one that started it, so a small one starts the job and tells the peak of its children.
LARGEST_PROCESS = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-m", "preprocessing"], stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def measure_sizes(corpus: Path, model_dir: Path, scratch: Path) -> list[Row]:
    """One run each: megabytes resident in the largest process, and articles encoded per second."""
    jsonl = scratch / "corpus.jsonl"
    with jsonl.open("w", encoding="utf-8") as file:
        for article in read_corpus(corpus).articles:
            row = {"sentence1": article.text, "label": article.category}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    memory, rates = [], []
    for copies in COPIES:
        megabytes, rate = _run_job(jsonl, copies, model_dir, scratch / "job")
        memory.append(Row(f"memory, {copies} x the corpus", "MB resident", megabytes, None, None, MEMORY_LIMIT, 1))
        rates.append(Row(f"job, {copies} x the corpus", "articles per second", rate, None, None, None, 1))
    return memory + rates


def _run_job(jsonl: Path, copies: int, model_dir: Path, base: Path) -> tuple[float, float]:
    """Copies are links: they are read like files of their own and take no space."""
    given = base / "processing/input/corpus"
    given.mkdir(parents=True)
    for copy in range(copies):
        os.link(jsonl, given / f"copy-{copy:03}.jsonl")
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(base), "CHITRA_MODEL_DIR": str(model_dir)}
    job = subprocess.run([sys.executable, "-c", LARGEST_PROCESS], env=environment, stdout=subprocess.PIPE, check=False)
    if job.returncode:
        raise SystemExit(f"the processing job on {copies} x the corpus ended with exit code {job.returncode}")
    manifest = json.loads((base / "processing/output/train/manifest.json").read_text(encoding="utf-8"))
    shutil.rmtree(base)
    return int(job.stdout) / 1_000, manifest["stages"]["encode"]["articles_per_second"]
