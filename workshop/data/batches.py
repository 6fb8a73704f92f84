"""Articles that nobody has labelled yet: read from files of one's own, and written back with their categories."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from chitra.contract import BATCH_MEGABYTES
from chitra.corpus import HEADER_LINES, NOT_ARTICLES
from chitra.errors import InputError, WorkshopError
from chitra.files import write_whole
from chitra.json_text import parse_json
from workshop.data.spreadsheet import spreadsheet

COLUMNS = ("text", "sentence1")
SUFFIXES = (".txt", ".csv", ".jsonl")
OUTPUT_SUFFIXES = (".csv", ".jsonl")
CLASSIFIED = ".classified.csv"
LINE_BYTES = BATCH_MEGABYTES * 2**20  # a record of a transform job fits into a request
FILE_BYTES = 100 * 2**20
HEADING = ("article", "category", "score", "text")


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """``source`` is where it was read: ``file``, or ``file:line``."""

    source: str
    text: str

    def line(self) -> bytes:
        """As the model's container reads it."""
        return json.dumps({"article": self.source, "text": self.text}, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Classified:
    article: Unlabelled
    category: str
    scores: dict[str, float]

    @property
    def score(self) -> float:
        return self.scores[self.category]


class _Answer(BaseModel):
    """What `serve` says of one text."""

    label_name: str
    scores: dict[str, float]


class _Record(BaseModel):
    """A line that we wrote, with what SageMaker joined to it."""

    article: str
    text: str
    SageMakerOutput: _Answer


def read_unlabelled(paths: Sequence[Path]) -> list[Unlabelled]:
    """Every article of files and folders, in their order: a .txt file is one, others hold one in each row.

    Raises:
        InputError: names the file, and line, that cannot be used.
    """
    articles = [article for path in paths for file, name in _files(path) for article in _read(file, name)]
    if not articles:
        raise InputError(
            f"{paths[0]}: holds no article. Give files of the kinds {', '.join(SUFFIXES)}, or their folder."
        )
    return articles


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files to read, and how messages and results call them."""
    if not path.exists():
        raise InputError(f"{path}: does not exist.")
    if path.is_file():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path)
        hidden = any(part.startswith(".") for part in name.parts)
        if file.is_file() and file.suffix.lower() in SUFFIXES and file.name not in NOT_ARTICLES and not hidden:
            yield file, name.as_posix()


def _read(file: Path, name: str) -> Iterator[Unlabelled]:
    readers = {".txt": _of_text, ".csv": _of_csv, ".jsonl": _of_jsonl}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise InputError(f"{file}: is none of {', '.join(SUFFIXES)}. Save it as one of them.")
    with file.open("rb") as stream:
        content = stream.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise InputError(f"{file}: is larger than {FILE_BYTES:,} bytes. Split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: is not UTF-8. Save the file as UTF-8.") from error
    for source, article in reader(text, name):
        yield _checked(source, article)


def _checked(source: str, text: object) -> Unlabelled:
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{source}: has no text. Remove the row, or write its text.")
    article = Unlabelled(source, text.strip().encode(errors="replace").decode())  # half surrogate pairs are no text
    if len(article.line()) > LINE_BYTES:
        raise InputError(f"{source}: is larger than {LINE_BYTES:,} bytes, too large for one request. Shorten it.")
    return article


def _of_text(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Files of the livedoor corpus begin with address, date and title, which the model was not trained on."""
    parts = text.replace("\r\n", "\n").split("\n", HEADER_LINES)
    has_header = len(parts) > HEADER_LINES and parts[0].startswith(("http://", "https://"))
    yield name, parts[HEADER_LINES] if has_header else text


def _of_jsonl(text: str, name: str) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            row = parse_json(line.encode(errors="surrogatepass"), name, line=number)
            found = [row[key] for key in COLUMNS if key in row] if isinstance(row, dict) else []
            if not found:
                raise InputError(f'{name}:{number}: has no key "text". Write {{"text": "..."}} in each line.')
            yield f"{name}:{number}", found[0]


def _of_csv(text: str, name: str) -> Iterator[tuple[str, object]]:
    csv.field_size_limit(FILE_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        column = next((each for each in reader.fieldnames or [] if each.strip().lower() in COLUMNS), None)
        if column is None:
            raise InputError(f"{name}: has no column text. Give the column with the articles this name.")
        before = reader.line_num
        for row in reader:
            if None in row:
                raise InputError(f'{name}:{before + 1}: has too many columns. Put a text with commas into "quotes".')
            yield f"{name}:{before + 1}", row[column]
            before = reader.line_num
    except csv.Error as error:
        raise InputError(f"{name}:{before + 1}: is not CSV ({error}). Look for a quote that is not closed.") from error


def read_answers(content: bytes, source: str) -> Iterator[Classified]:
    """What a transform job wrote for our lines.

    Raises:
        WorkshopError: a line is none of them.
    """
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = _Record.model_validate(parse_json(line, source, line=number))
            yield Classified(
                Unlabelled(record.article, record.text),
                record.SageMakerOutput.label_name,
                record.SageMakerOutput.scores,
            )
        except (InputError, ValidationError) as error:
            raise WorkshopError(f"{source}:{number}: is none of this workshop's answers.") from error


def output_beside(paths: Sequence[Path]) -> Path:
    """Where results go that nobody named a place for: beside the first input, under its name."""
    first = paths[0] if paths[0].name not in ("", "..") else paths[0].resolve()
    return first.with_name(f"{first.stem if first.is_file() else first.name}{CLASSIFIED}")


def check_output(file: Path) -> Path:
    """Raises InputError for a name that says neither CSV nor JSON lines."""
    if file.suffix.lower() not in OUTPUT_SUFFIXES:
        raise InputError(f"--output {file}: must end with {' or '.join(OUTPUT_SUFFIXES)}.")
    return file


def write_classified(file: Path, answers: Iterable[Classified]) -> None:
    """Whole or not at all; as CSV for a spreadsheet, or JSON lines with all scores."""
    if file.suffix.lower() == ".csv":
        rows = ((each.article.source, each.category, f"{each.score:.4f}", each.article.text) for each in answers)
        write_whole(file, spreadsheet(HEADING, rows))
        return
    documents = (
        {
            "article": each.article.source,
            "category": each.category,
            "score": each.score,
            "scores": each.scores,
            "text": each.article.text,
        }
        for each in answers
    )
    write_whole(file, "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in documents))
