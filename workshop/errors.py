"""The error that every command reports as one line."""


class WorkshopError(Exception):
    """A command cannot go on. The message is one line that names the cause and the way out."""
