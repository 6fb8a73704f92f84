"""Errors that jobs and commands report as one line."""


class InputError(Exception):
    """What the user gave cannot be used.

    The message is one line that names the file, key or value and the way out.
    Entry points print it, hand it to SageMaker and end with ``EXIT_INPUT``.
    """


EXIT_FAILURE = 1
EXIT_INPUT = 2


class WorkshopError(Exception):
    """A command cannot go on. The message is one line that names the cause and the way out."""
