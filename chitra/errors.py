"""Errors that jobs and commands report as one line."""


class InputError(Exception):
    """What the user gave cannot be used.

    The message is one line that names the file, key or value and the way out.
    Entry points print it, hand it to SageMaker and end with ``EXIT_INPUT``.
    """


def in_one_line(said: object, longest: int = 300) -> str:
    """What a library says, for the middle of a message: without line ends, ``longest`` characters of it."""
    return " ".join(str(said).split())[:longest]


EXIT_FAILURE = 1
EXIT_INPUT = 2


class WorkshopError(Exception):
    """A command cannot go on. The message is one line that names the cause and the way out."""
