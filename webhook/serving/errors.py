"""What keeps the server from starting."""


class StartError(Exception):
    """Why it cannot start, as a sentence with the way out."""
