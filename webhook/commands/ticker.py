"""How many documents are done, on a terminal that has waited for a while; nothing anywhere else."""

from collections.abc import Callable
from typing import Final, TextIO

from webhook.commands.output import count
from webhook.terminal import raw

# What is over sooner needs no company; what goes on is told often enough to be seen going on.
PATIENCE: Final = 2.0  # seconds
EVERY: Final = 0.5
_ERASE: Final = "\r\x1b[K"  # to the beginning of the line, and nothing to the right of it


class Ticker:
    """Counts on one line of standard error, between the messages that belong there."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float], shown: bool) -> None:
        """Take a clock of seconds; not `shown` where the output goes to the same terminal."""
        self._stream, self._clock = stream, clock
        self._raw = raw(stream)
        self._shown = shown and stream.isatty()
        self._next = clock() + PATIENCE
        self._done = 0
        self._drawn = False

    def tick(self) -> None:
        """Count one more document."""
        self._done += 1
        if self._shown and self._clock() >= self._next:
            self._next = self._clock() + EVERY
            self._drawn = True
            self._raw.write(_ERASE + count(self._done, "document"))
            self._stream.flush()

    def say(self, line: str) -> None:
        """Write a message, on a line of its own."""
        self.close()
        print(line, file=self._stream)

    def close(self) -> None:
        """Leave no trace."""
        if self._drawn:
            self._drawn = False
            self._raw.write(_ERASE)
            self._stream.flush()
