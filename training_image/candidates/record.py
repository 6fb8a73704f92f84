"""What the artefact says about the ways to serve it: ``candidates.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chitra.errors import InputError, first_problem
from chitra.json_text import read_json

RECORD = "candidates.json"
ALLOWED = 0.002  # of the validation articles, that a candidate may classify worse than fp32 does
STUDENT = "student"  # the folder of the distilled model
Runtime = Literal["fp32", "bf16", "fp16", "onnx", "int8"]
FILES: dict[str, str] = {"onnx": "model.onnx", "int8": "int8.onnx"}  # the others use the weights beside config.json
Milliseconds = Annotated[float, Field(ge=0, le=1e7)]
Share = Annotated[float, Field(ge=0, le=1)]


class Way(BaseModel):
    """One way to serve the model: what it computes with, and on what; ``student`` tells the distilled model's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    runtime: Runtime
    device: Literal["cpu", "cuda"] = "cpu"
    student: bool = False

    @property
    def is_fp32(self) -> bool:
        """The weights as they were trained, which all others are held against."""
        return self.runtime == "fp32" and not self.student

    def __str__(self) -> str:
        return f"{STUDENT + ' ' if self.student else ''}{self.runtime} ({self.device})"

    def model_dir(self, folder: Path) -> Path:
        """Where ``config.json`` and the weights or the ONNX file are, of the artefact in ``folder``."""
        return folder / STUDENT if self.student else folder


class Measured(Way):
    """``milliseconds`` are those of one input that comes alone, by how many ids it has: on a CPU on all cores.

    ``accuracy`` and ``agreement`` (the share of articles that fp32 classifies the same) are on validation articles;
    None where a quicker way made it needless to look. ``served`` tells the ways that are in the artefact.
    """

    milliseconds: dict[int, Milliseconds]
    accuracy: Share | None = None
    agreement: Share | None = None
    served: bool = False

    @property
    def total(self) -> float:
        """What ways are ordered by: the sum for a short input and a long one."""
        return sum(self.milliseconds.values())


class Record(BaseModel):
    """``ways`` stand quickest first. ``articles`` of the ``validation_articles`` were classified with each."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cpu: list[str] = []
    articles: int = 0
    validation_articles: int = 0
    ways: Annotated[list[Measured], Field(max_length=20)]

    def served(self, device: str) -> list[Measured]:
        return [way for way in self.ways if way.served and way.device == device]

    def table(self) -> str:
        """For the log."""
        lines = [f"ways to serve, on {self.articles:,} of {self.validation_articles:,} validation articles"]
        for way in self.ways:
            times = "".join(f"  {length} ids {taken:>8.1f} ms" for length, taken in way.milliseconds.items())
            accuracy = "not looked at" if way.accuracy is None else f"accuracy {way.accuracy:.4f}"
            lines.append(f"  {way!s:<20}{times}  {accuracy}{'  served' if way.served else ''}")
        return "\n".join(lines)

    def describe(self) -> str:
        """What is served first on each device, and whether a distilled model fell short: for the report's one line."""
        firsts = [way for device in ("cpu", "cuda") for way in self.served(device)[:1]]
        said = [f"{way}, right on {way.accuracy:.4f} of the validation articles" for way in firsts]
        students = [way for way in self.ways if way.student and way.accuracy is not None]
        if students and not any(way.served for way in students):
            best = max(way.accuracy or 0 for way in students)
            said.append(f"the distilled model is not served, its accuracy is {best:.4f}")
        return "; ".join(said)

    def write(self, folder: Path) -> None:
        (folder / RECORD).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> Record:
    """Of an artefact; one of before says nothing, which is no way but fp32.

    Raises:
        InputError: the file is no record of `train`.
    """
    file = folder / RECORD
    if not file.exists():
        return Record(ways=[])
    try:
        return Record.model_validate(read_json(file))
    except ValidationError as error:
        key, problem = first_problem(error)
        raise InputError(f"{file}: {key} is not what `train` writes ({problem}). Remove the file.") from error
