"""Errors that jobs and commands report as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class InputError(Exception):
    """What the user gave cannot be used.

    The message is one line that names the file, key or value and the way out.
    Entry points print it, hand it to SageMaker and end with ``EXIT_INPUT``.
    """


def in_one_line(said: object, longest: int = 300) -> str:
    """What a library says, for the middle of a message: without line ends, ``longest`` characters of it."""
    return " ".join(str(said).split())[:longest]


def first_problem(error: ValidationError) -> tuple[str, str]:
    """The key that pydantic finds wrong first, and what is wrong with its value."""
    problem = error.errors()[0]
    return ".".join(map(str, problem["loc"])) or "its content", problem["msg"]


EXIT_FAILURE = 1
EXIT_INPUT = 2


class WorkshopError(Exception):
    """A command cannot go on. The message is one line that names the cause and the way out."""
