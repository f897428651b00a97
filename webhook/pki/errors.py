"""What can go wrong with certificates."""


class PkiError(Exception):
    """What stands in the way, as a sentence with the way out."""
