"""The log line of a decision: the one line that is written for each request.

Through logging's records it would cost a quarter of the whole request, so it is encoded from a
fixed shape and handed to the handler.
"""

import logging
from collections.abc import Callable

import msgspec

from webhook.telemetry.logs import LOG, timestamp
from webhook.wire.answer import Record


class _Head(msgspec.Struct, frozen=True, gc=False):
    """What stands in the line before the record, in this order."""

    time: str
    level: str
    message: str
    milliseconds: float


class DecisionLog:
    """Writes decisions as JSON lines; silent above the level of information."""

    def __init__(self, write: Callable[[bytes], None], *, clock: Callable[[], float]) -> None:
        """Take where encoded lines go, and a clock of seconds since 1970."""
        self._write, self._clock = write, clock
        self._encode = msgspec.json.Encoder().encode

    def decided(self, record: Record, seconds: float) -> None:
        """Write one decision and the time that it took."""
        if LOG.isEnabledFor(logging.INFO):
            head = _Head(timestamp(self._clock()), "info", "decided", round(seconds * 1000, 3))
            # Two objects become one: the first without its end, the second without its beginning.
            self._write(self._encode(head)[:-1] + b"," + self._encode(record)[1:])
