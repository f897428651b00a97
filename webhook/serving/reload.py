"""Follows files: a change is loaded, and what does not load never replaces what did.

Contents are compared, not times or names: a mounted ConfigMap swaps a symbolic link, `mv` replaces
a file, an editor writes it in place, and all of them end in other bytes at the same path.
"""

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from webhook.telemetry.logs import describe, event, fault

T = TypeVar("T")

_INTERNAL: Final = "internal error; the log has the details"

# A person who changes a policy looks for its effect at once; hashing a few files costs 0.1 ms.
POLL_EVERY: Final = 1.0  # seconds


class LoadError(Exception):
    """Files that cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is in force, and what is wrong with what is not."""

    generation: int = 0  # counts what was loaded; 0: nothing ever was
    loaded_at: float = 0.0  # seconds since 1970
    error: str = ""  # of the newest content; empty: it is the one in force
    failing_since: float = 0.0


class Followed(Generic[T]):
    """The last good content of some files.

    `poll` runs in any thread, one at a time; `current` and `status` are one reference each, swapped
    whole.
    """

    def __init__(
        self,
        what: str,
        *,
        fingerprint: Callable[[], bytes | None],
        load: Callable[[int], T],
        clock: Callable[[], float],
        loaded: Callable[[T, Status], None],
        failed: Callable[[], None],
        try_again: bool = False,
    ) -> None:
        """Take `load`, which gets the number of the generation and raises LoadError or OSError.

        `fingerprint` gives None for as long as there is nothing to load.
        `try_again`: content that did not load is tried at each look, since it may do so later.
        """
        self._what, self._fingerprint, self._load, self._clock = what, fingerprint, load, clock
        self._loaded, self._failed, self._try_again = loaded, failed, try_again
        self._good: bytes | None = None  # the content in force
        self._bad: bytes | None = None  # the last content that did not load, and why
        self._why_bad = ""
        self._seen: bytes | None = None  # the content at the last look
        self._value: T | None = None
        self._status = Status()
        self._looking = threading.Lock()

    def current(self) -> T | None:
        """Give the last good content; None: there never was one."""
        return self._value

    def status(self) -> Status:
        """Tell what is in force."""
        return self._status

    def poll(self, *, settle: bool = True) -> None:
        """Look once; never raises.

        With `settle` a change counts when it is seen twice, so that a file that is being written
        is left alone: half a policy can be a valid one that grants less.
        """
        with self._looking:
            self._poll(settle=settle)

    def _poll(self, *, settle: bool) -> None:
        try:
            mark = self._fingerprint()
        except OSError as problem:
            self._seen = None
            self._fail(_sentence(problem), {})
            return
        except Exception as problem:  # noqa: BLE001  a file must not end the following of files
            self._seen = None
            self._fail(_INTERNAL, describe(problem))
            return
        if mark is None:
            return
        settled = mark == self._seen or not settle
        self._seen = mark
        if mark == self._good:
            self._recover()
        elif mark == self._bad and not self._try_again:
            self._fail(self._why_bad, {})
        elif settled:
            self._take(mark)

    def _take(self, mark: bytes) -> None:
        generation = self._status.generation + 1
        details: dict[str, object] = {}
        try:
            with uncollected():
                value = self._load(generation)
            if self._fingerprint() != mark:
                return  # it changed while it was read: the next look will see all of it
        except (LoadError, OSError) as problem:
            why = _sentence(problem)
        except Exception as problem:  # noqa: BLE001  a file must not end the following of files
            why, details = _INTERNAL, describe(problem)
        else:
            self._good, self._value = mark, value
            self._status = Status(generation, loaded_at=self._clock())
            self._tell(value)
            return
        new, self._bad, self._why_bad = mark != self._bad, mark, why
        self._fail(why, details, new=new)

    def _tell(self, value: T) -> None:
        """Tell of what is in force now; a fault in telling does not change that it is."""
        try:
            self._loaded(value, self._status)
        except Exception as problem:  # noqa: BLE001  the next change is to be followed, too
            self._failed()
            fault(f"{self._what} is in force, and telling of it failed", problem)

    def _recover(self) -> None:
        """Note that the content in force is what the files hold (again)."""
        if self._status.error:
            self._status = replace(self._status, error="", failing_since=0.0)
            event(logging.INFO, f"{self._what} is again what is in force")

    def _fail(self, error: str, details: dict[str, object], *, new: bool = False) -> None:
        """Note an error, and tell of it if it is another one than at the last look."""
        if error == self._status.error and not new:
            return
        since = self._status.failing_since or self._clock()
        self._status = replace(self._status, error=error, failing_since=since)
        self._failed()
        kept = "the last good one stays in force" if self._value is not None else "there is none"
        event(logging.ERROR, f"{self._what} cannot be used; {kept}", reason=error, **details)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector away from what is made here, now and afterwards.

    A policy of 10,000 pools is 300,000 objects, nearly all of which stay. The collector would look
    at all of them again and again, and no request is answered meanwhile: 0.2 s at worst, and 10 ms
    without it (docs/performance.md). What is replaced is freed without the collector, too.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


async def follow(*followed: "Followed[Any]", every: float = POLL_EVERY) -> None:
    """Look at files for ever, in a thread: a slow disk must not keep requests waiting."""
    while True:
        await asyncio.sleep(every)
        for each in followed:
            await asyncio.to_thread(each.poll)


def _sentence(problem: Exception) -> str:
    """Say what is wrong as text that can be shown: a file's name need not be UTF-8."""
    text = str(problem)
    if isinstance(problem, OSError) and problem.filename is not None:
        text = f"{problem.filename}: {problem.strerror}"
    return text.encode("utf-8", "backslashreplace").decode()
