"""Preprocessing against the hands-on's recipe: `make bench CORPUS=...`.

The reference is SudachiTra's tokenizer in `datasets.map(batched=True)` with `padding=True, truncation=True,
max_length=512`. The limit is Sudachi alone, with all fields, on the characters that survive truncation.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import datasets
import typer

from benchmarks.report import Row, print_report, write_report
from benchmarks.serving import measure_serving
from benchmarks.sizes import measure_sizes
from benchmarks.start_up import measure_start_up
from benchmarks.timing import Contender, Passes, interleaved
from chitra.contract import SPLITS
from chitra.corpus import CorpusReader, read_corpus
from chitra.tokenisation import Encoder, load_tokenizer
from infra.settings import read_settings
from preprocessing.encoding import EncodingPool, encode_texts
from preprocessing.job import in_batches, preprocess
from workshop.commands.common import run_app

if TYPE_CHECKING:
    from sudachitra import BertSudachipyTokenizer

MAX_LENGTH = 512
VOCABULARY_SIZE = 32_000  # about that of chiTra-1.0
SURVIVING_CHARACTERS = 908  # what 510 ids cover in the livedoor corpus, on average
RUNS = 9
SAMPLE = 10  # every tenth article, where one process is measured


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def bench(corpus: Annotated[Path, typer.Argument(help="Archive, extracted folder, or JSONL files.")]) -> None:
    """Measure preprocessing and training beside the hands-on's recipe; print a report, write it to build/bench/."""
    CorpusReader(corpus)
    from benchmarks.training import measure_training  # brings PyTorch: a mistake in the call is told before
    from rehearsal import stand_in

    datasets.disable_progress_bars()
    datasets.disable_caching()
    stand_in.VOCABULARY_SIZE = VOCABULARY_SIZE
    texts = [article.text for article in read_corpus(corpus).articles]
    with tempfile.TemporaryDirectory() as scratch:
        model_dir = Path(scratch) / "model"
        stand_in.build_stand_in(corpus, model_dir, seed=read_settings().preprocessing.seed)
        rows = one_process(texts[::SAMPLE], model_dir)
        rows += two_processes(texts, model_dir)
        rows += storage(corpus, texts, model_dir, Path(scratch))
        rows += measure_sizes(corpus, model_dir, Path(scratch))
        rows += measure_start_up(model_dir, Path(scratch) / "start")
        rows += measure_training(Path(scratch) / "ours", model_dir, Path(scratch))
        rows += measure_serving(corpus, model_dir, Path(scratch))
    write_report(rows)
    print_report(rows)


def one_process(texts: list[str], model_dir: Path) -> list[Row]:
    """Rates of an encoder that has seen the articles, and of one made a moment ago.

    The latter has met no word, and its dictionary is in none of the CPU's caches.
    """
    contenders = [Contender(len(texts), make, (texts, model_dir)) for make in (_warm, _cold, _recipe, _limit)]
    warm, cold, reference, limit = interleaved(contenders, RUNS)
    rows = []
    for name, ours in (("warm", warm), ("cold", cold)):
        case = f"one process, {name} caches"
        rows += [
            Row(case, "articles per CPU second", ours.cpu, reference.cpu, ours.cpu / reference.cpu, limit.cpu, RUNS),
            Row(case, "articles per second", ours.wall, reference.wall, ours.wall / reference.wall, limit.wall, RUNS),
        ]
    return rows


def two_processes(texts: list[str], model_dir: Path) -> list[Row]:
    """Rates of two processes on the whole corpus: started, with its words seen, and from their start.

    The reference goes through the sample, which changes its rate little and saves most of the time.
    """
    sample = texts[::SAMPLE]
    contenders = [Contender(len(texts), make, (texts, model_dir)) for make in (_two_warm, _two_cold)]
    contenders += [Contender(len(sample), _recipe, (sample, model_dir, processes)) for processes in (None, 2)]
    warm, cold, one, two = (rates.wall for rates in interleaved(contenders, RUNS))
    return [
        Row(f"two processes{state}, against {name}", "articles per second", ours, them, ours / them, None, RUNS)
        for name, them in (("one", one), ("two", two))
        for state, ours in ((", warm caches", warm), (" from their start", cold))
    ]


def _warm(texts: list[str], model_dir: Path) -> Passes:
    encoder = Encoder(model_dir, MAX_LENGTH)
    while True:
        yield partial(_encode_with, encoder, texts)


def _cold(texts: list[str], model_dir: Path) -> Passes:
    while True:
        encoder = Encoder(model_dir, MAX_LENGTH)
        yield partial(_encode_with, encoder, texts)


def _encode_with(encoder: Encoder, texts: list[str]) -> None:
    for batch in in_batches(texts):
        encode_texts(encoder, batch)


def _limit(texts: list[str], model_dir: Path) -> Passes:
    sudachi = load_tokenizer(model_dir).word_tokenizer.sudachi
    surviving = [text[:SURVIVING_CHARACTERS] for text in texts]
    while True:
        yield lambda: [sudachi.tokenize(text) for text in surviving]


def _two_warm(texts: list[str], model_dir: Path) -> Passes:
    with EncodingPool(Encoder(model_dir, MAX_LENGTH), 2) as pool:
        while True:
            yield lambda: _encode_in(pool, texts)


def _two_cold(texts: list[str], model_dir: Path) -> Passes:
    encoder = Encoder(model_dir, MAX_LENGTH)
    while True:
        yield lambda: _start_and_encode(encoder, texts)


def _start_and_encode(encoder: Encoder, texts: list[str]) -> None:
    with EncodingPool(encoder, 2) as pool:
        _encode_in(pool, texts)


def _encode_in(pool: EncodingPool, texts: list[str]) -> None:
    for _ in pool.encode(in_batches(texts)):
        pass


def _recipe(texts: list[str], model_dir: Path, processes: int | None = None) -> Passes:
    """The hands-on's way, with a tokenizer that is loaded already."""
    dataset, tokenizer = datasets.Dataset.from_dict({"sentence1": texts}), load_tokenizer(model_dir)
    while True:
        yield lambda: _encode_by_recipe(dataset, tokenizer, processes)


def _encode_by_recipe(
    dataset: datasets.Dataset, tokenizer: BertSudachipyTokenizer, processes: int | None = None
) -> datasets.Dataset:
    def encode(batch: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        encoded: dict[str, list[list[int]]] = tokenizer(
            batch["sentence1"], padding=True, truncation=True, max_length=MAX_LENGTH
        )
        return encoded

    return dataset.map(encode, batched=True, num_proc=processes)


def storage(corpus: Path, texts: list[str], model_dir: Path, scratch: Path) -> list[Row]:
    """Bytes of the encoded splits; the limit is two bytes per id and nothing else."""
    seed = read_settings().preprocessing.seed
    preprocess(corpus, scratch / "ours", model_dir=model_dir, seed=seed, max_length=MAX_LENGTH)
    recipe = _encode_by_recipe(datasets.Dataset.from_dict({"sentence1": texts}), load_tokenizer(model_dir))
    recipe.remove_columns("sentence1").save_to_disk(scratch / "recipe")
    ours = sum(_megabytes(scratch / "ours" / name) for name in SPLITS)
    reference = _megabytes(scratch / "recipe")
    ids = sum(len(row) for name in SPLITS for row in datasets.load_from_disk(scratch / "ours" / name)["input_ids"])
    return [Row("encoded corpus on disk", "MB", ours, reference, reference / ours, 2 * ids / 1e6, 1)]


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


if __name__ == "__main__":
    run_app(app)
