"""The log line of a decision: the one line that is written for each request.

Through logging's records it would cost a quarter of the whole request, so it is encoded from a
fixed shape and handed to the handler.
"""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from webhook.telemetry.logs import LOG, second
from webhook.wire.answer import Record

# What stands in the line before the record, in this order. Encoded as an object of its own, with a
# time that is formatted for each line, it was half of what a line costs (docs/performance.md).
_LINE: Final = b'{"time":"%b.%03dZ","level":"info","message":"decided","milliseconds":%.3f,%b'


class DecisionLog:
    """Writes decisions as JSON lines; silent above the level of information."""

    def __init__(self, write: Callable[[bytes], None], *, clock: Callable[[], float]) -> None:
        """Take where encoded lines go, and a clock of seconds since 1970."""
        self._write, self._clock = write, clock
        self._encode = msgspec.json.Encoder().encode

    def decided(self, record: Record, seconds: float) -> None:
        """Write one decision and the time that it took."""
        if LOG.isEnabledFor(logging.INFO):
            now = self._clock()
            begin = second(int(now)).encode()
            # The record without its first brace, which the line has already.
            fields = self._encode(record)[1:]
            self._write(_LINE % (begin, now % 1 * 1000, seconds * 1000, fields))
