"""Memory and rate of the processing job, as a process of its own, on 1, 10 and 100 copies of a corpus.

The copies are JSONL files, and the most of them one archive, too. These measurements alone, for a model's folder:
`python -m benchmarks.sizes CORPUS MODEL`.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.jobs import environment
from benchmarks.report import Row, print_report
from chitra.corpus import HEADER_LINES, Article, CorpusReader, read_corpus
from workshop.commands.common import run_app

COPIES = (1, 10, 100)
END_OF_ARCHIVE = bytes(1024)
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
    articles = read_corpus(corpus).articles
    given = scratch / "job/processing/input/corpus"
    rows = []
    for copies in COPIES:
        given.mkdir(parents=True)
        _write_jsonl(articles, copies, given)
        rows.append((f"{copies} x the corpus", *_run_job(scratch / "job", model_dir)))
    given.mkdir(parents=True)
    _write_archive(articles, COPIES[-1], given / "corpus.tar.gz")
    rows.append((f"{COPIES[-1]} x the corpus in a tar.gz", *_run_job(scratch / "job", model_dir)))
    memory = [Row(f"memory, {name}", "MB resident", peak, None, None, MEMORY_LIMIT, 1) for name, peak, _ in rows]
    return memory + [Row(f"job, {name}", "articles per second", rate, None, None, None, 1) for name, _, rate in rows]


def _write_jsonl(articles: Sequence[Article], copies: int, folder: Path) -> None:
    """Copies are links: they are read like files of their own and take no space."""
    first = folder / "copy-000.jsonl"
    with first.open("w", encoding="utf-8") as file:
        for article in articles:
            row = {"sentence1": article.text, "label": article.category}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    for copy in range(1, copies):
        os.link(first, folder / f"copy-{copy:03}.jsonl")


def _write_archive(articles: Sequence[Article], copies: int, file: Path) -> None:
    """Each copy is a gzip stream of its own; readers take several, one after the other, for one."""
    content = io.BytesIO()
    tar = tarfile.TarFile(fileobj=content, mode="w")
    for number, article in enumerate(articles):
        text = ("\n" * HEADER_LINES + article.text).encode()
        member = tarfile.TarInfo(f"text/{article.category}/{number}.txt")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    copy = gzip.compress(content.getvalue())
    with file.open("wb") as stream:
        stream.writelines([copy] * copies)
        stream.write(gzip.compress(END_OF_ARCHIVE))


def _run_job(base: Path, model_dir: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", LARGEST_PROCESS]
    job = subprocess.run(command, env=environment(base, model_dir), stdout=subprocess.PIPE, check=False)
    if job.returncode:
        raise SystemExit(f"the processing job ended with exit code {job.returncode}")
    manifest = json.loads((base / "processing/output/train/manifest.json").read_text(encoding="utf-8"))
    shutil.rmtree(base)
    return int(job.stdout) / 1_000, manifest["stages"]["encode"]["articles_per_second"]


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def sizes(
    corpus: Annotated[Path, typer.Argument(help="Archive, extracted folder, or JSONL files.")],
    model: Annotated[Path, typer.Argument(help="Folder of the model whose tokenizer to use.")],
) -> None:
    """Memory and speed of the processing job on large corpora."""
    CorpusReader(corpus)
    with tempfile.TemporaryDirectory() as folder:
        print_report(measure_sizes(corpus, model, Path(folder)))


if __name__ == "__main__":
    run_app(app)
