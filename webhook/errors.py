"""What can go wrong at the edge; each message says what is wrong and the way out."""


class UsageError(Exception):
    """The command cannot do what it was asked to; the process ends with 2."""
