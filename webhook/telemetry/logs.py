"""Logs: one JSON object a line on standard error, nothing of a request but what `Record` holds.

A fault of our own is logged by its type and its stack, never by its message or by variables: those
may quote the pod that it failed on.
"""

import contextlib
import fcntl
import logging
import os
import select
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec

_encode: Final = msgspec.json.Encoder(enc_hook=str).encode
# The most that Linux allows anybody: a reader may pause for a second at 2,000 lines of 500 bytes a
# second before one is lost.
_PIPE_SIZE: Final = 1024 * 1024
LOG: Final = logging.getLogger("webhook")

# A stack deeper than this is a recursion, of which the innermost calls tell enough.
MAX_FRAMES: Final = 40
# Tasks that fail together mostly fail for one reason.
MAX_INSIDE: Final = 8


class JsonHandler(logging.Handler):
    """Writes each record as one line: time, level, message, then the fields of `event`."""

    def __init__(self, stream: BinaryIO) -> None:
        """Take the stream; it is flushed after each line."""
        super().__init__()
        self._stream = stream
        self._pipe = _pipe(stream)
        self._writing = threading.Lock()  # policies are loaded in another thread

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        line: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.name != LOG.name:
            line["logger"] = record.name
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line.update(describe(record.exc_info[1]))
        try:
            encoded = _encode(line)
        except UnicodeEncodeError:  # a lone surrogate in a file name, for example
            encoded = _encode({key: _printable(value) for key, value in line.items()})
        self.write(encoded)

    def write(self, line: bytes) -> None:
        """Write one encoded line; a standard error that is gone must not fail a request."""
        with self._writing:
            # The number of a closed one may be another file's by now.
            if self._pipe is not None and not self._stream.closed:
                self._pipe.write(line)
                return
            try:
                self._stream.write(line + b"\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    @property
    def dropped(self) -> int:
        """How many lines nobody will see, as nobody read the pipe."""
        return 0 if self._pipe is None else self._pipe.dropped


class _Pipe:
    """A pipe or a socket that is written to without waiting for whoever reads it.

    Lines are written in the event loop: with a reader that stands still, waiting for it would stop
    the serving. The descriptor is left as it is, since other processes may share its flags; a pipe
    that polls as writable takes PIPE_BUF bytes at once, and what is larger goes in such pieces.
    What does not go, at most one line, is kept for the next attempt; lines meanwhile are dropped.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._rest = b""
        self._untold = 0
        self.dropped = 0

    def write(self, line: bytes) -> None:
        """Write one line, an object of JSON; the first after a loss says how many were lost."""
        try:
            if not self._flushed():
                self._drop()
                return
            if self._untold:
                line = line[:-1] + b',"loggingDropped":%d}' % self._untold
                self._untold = 0
            self._rest = line + b"\n"
            self._flushed()
        except OSError:  # the reader is gone
            self._rest = b""
            self._drop()

    def _flushed(self) -> bool:
        while self._rest:
            if not self._poll.poll(0):
                return False
            try:
                count = os.write(self._descriptor, self._rest[: select.PIPE_BUF])
            except BlockingIOError:  # somebody made it so, and was faster
                return False
            self._rest = self._rest[count:]
        return True

    def _drop(self) -> None:
        self.dropped += 1
        self._untold += 1


def _pipe(stream: BinaryIO) -> _Pipe | None:
    try:
        descriptor = stream.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):  # a stream in memory, or one that is closed
        return None
    if stat.S_ISFIFO(mode):
        with contextlib.suppress(OSError):  # it stays as large as it is
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        return _Pipe(descriptor)
    return _Pipe(descriptor) if stat.S_ISSOCK(mode) else None


def configure(level: str, stream: BinaryIO | None = None) -> JsonHandler:
    """Send every logger's records, those of libraries included, to one stream as JSON lines."""
    handler = JsonHandler(stream or sys.stderr.buffer)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    return handler


def event(level: int, message: str, /, **fields: object) -> None:
    """Log one event of our own with its fields."""
    if LOG.isEnabledFor(level):
        LOG.log(level, message, extra={"fields": fields})


def fault(message: str, error: BaseException, /, **fields: object) -> None:
    """Log an error of our own making: what kind, and where, never its message."""
    LOG.error(message, extra={"fields": {**fields, **describe(error)}})


def describe(error: BaseException) -> dict[str, object]:
    """Tell an exception's types, the cause's included, and its stack, outermost call first."""
    types = [type(each).__qualname__ for each in _chain(error)]
    told: dict[str, object] = {"error": " from ".join(types), "stack": _frames(error.__traceback__)}
    # What a group of tasks raises says nothing by itself: what failed is inside, at any depth.
    inside = list(islice(_inside(error, 0), MAX_INSIDE))
    if inside:
        told["inside"] = [
            {
                "error": " from ".join(type(it).__qualname__ for it in _chain(each)),
                "stack": _frames(each.__traceback__),
            }
            for each in inside
        ]
    return told


def timestamp(seconds: float) -> str:
    """Write seconds since 1970 as RFC 3339 in UTC, to the millisecond."""
    return f"{second(int(seconds))}.{int(seconds % 1 * 1000):03d}Z"


@lru_cache(maxsize=4)  # one second has many lines
def second(number: int) -> str:
    """Write a whole second since 1970 as the beginning of such a time."""
    return datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Throttle:
    """Lets one message of a kind through in a while, so that rubbish cannot fill the disk."""

    def __init__(self, *, every: float, clock: Callable[[], float]) -> None:
        """Take the time between two of a kind, and a clock, both in seconds."""
        self._every, self._clock = every, clock
        self._last: dict[str, float] = {}  # kinds are constants of the program
        self._held: dict[str, int] = {}

    def admit(self, kind: str) -> int | None:
        """Return how many were held back since the last one; None: hold this one back, too."""
        now = self._clock()
        last = self._last.get(kind)
        if last is not None and now - last < self._every:
            self._held[kind] = self._held.get(kind, 0) + 1
            return None
        self._last[kind] = now
        return self._held.pop(kind, 0)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _inside(error: BaseException, depth: int) -> Iterator[BaseException]:
    """Find what really failed in groups of groups, those that are a cause included."""
    for each in _chain(error):
        if isinstance(each, BaseExceptionGroup) and depth < MAX_INSIDE:
            for one in each.exceptions:
                if not isinstance(one, BaseExceptionGroup):
                    yield one
                yield from _inside(one, depth + 1)


def _frames(trace: TracebackType | None) -> list[str]:
    """Write each call as module:line:function; a file's path would tell about the machine."""
    frames: list[str] = []
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{trace.tb_lineno}:{trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return frames[-MAX_FRAMES:]


def _printable(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()
