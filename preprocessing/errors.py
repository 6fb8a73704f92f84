"""The error that every job reports as one line."""


class InputError(Exception):
    """What the user gave cannot be used.

    The message is one line that names the file, key or value and the way out.
    Entry points print it, hand it to SageMaker and end with ``EXIT_INPUT``.
    """


EXIT_FAILURE = 1
EXIT_INPUT = 2
