"""What Events are to be written: the same again becomes a number, and too many are dropped.

Nothing here waits or talks to anybody, so that a request can hand in what it has to say in a
microsecond or two.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from webhook.cluster.telling import Telling
from webhook.cluster.tokens import TokenBucket
from webhook.wire.subject import Subject

# What is the same again within this time is the same Event. A controller whose pods are refused
# tries again after 1,000 s at the latest (the longest delay of its work queue): 17 minutes.
WINDOW: Final = 20 * 60.0
# An Event that repeats is written again after so many seconds, then after twice as many, and so on:
# a workload that is refused without end costs 8 writes in the first hour and 4 in each after it.
# The longest stays below the hour after which the API server removes an Event that nobody touches,
# and below WINDOW, so that no count is lost.
FIRST_UPDATE: Final = 15.0
LONGEST_UPDATE: Final = 15 * 60.0
# Waiting to be written: 50 s of what EventSink sends, after which they are old news. With a note of
# 1 kB each that is 0.3 MB.
MAX_WAITING: Final = 256
# Events, and objects that they are about, that are remembered, to know them when they come again:
# so many workloads can be in trouble at a time. Some 2 MB.
MAX_KNOWN: Final = 1024
# Different Events about one object: as client-go allows them, 25 at once, then one in 5 minutes.
SPAM_BURST: Final = 25
SPAM_EVERY: Final = 5 * 60.0

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class Series:
    """One Event, and how often it happened."""

    telling: Telling
    first: float  # seconds since 1970, as is `last`
    last: float
    seen: float  # by the monotonic clock, as is `due`
    count: int = 1
    written: int = 0  # the count that the API server knows; 0: it does not know of the Event
    writes: int = 0
    due: float = 0.0  # when a new count is to be written


class EventQueue:
    """The Events that wait to be written, in order, and those that may happen again."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
        dropped: Callable[[str], None],
    ) -> None:
        """Take a monotonic clock, one of seconds since 1970, and whom to tell why one is dropped.

        Why: queue_full, rate (too many about one object) or duplicate (counted in a series).
        """
        self._clock, self._now, self._dropped = clock, now, dropped
        self._known: OrderedDict[Telling, Series] = OrderedDict()  # the oldest first
        self._buckets: OrderedDict[tuple[str, Subject], TokenBucket] = OrderedDict()
        self._waiting: deque[Series] = deque()
        self._repeated: dict[Telling, Series] = {}  # written before, with another count since

    def offer(self, telling: Telling) -> bool:
        """Take in what happened; tells whether that changes what there is to do."""
        clock = self._clock()
        series = self._known.get(telling)
        if series is not None and clock - series.seen < WINDOW:
            return self._repeat(series, clock)
        if len(self._waiting) >= MAX_WAITING:
            self._dropped("queue_full")
            return False
        if not self._bucket((telling.namespace, telling.subject)).take():
            self._dropped("rate")
            return False
        now = self._now()
        series = Series(telling, first=now, last=now, seen=clock)
        self._repeated.pop(telling, None)
        forgotten = _keep(self._known, telling, series)
        if forgotten is not None:
            self._repeated.pop(forgotten, None)
        self._waiting.append(series)
        return True

    def head(self) -> Series | None:
        """Return what is to be written now; it stays the head until `done` or `drop`."""
        clock = self._clock()
        for series in [it for it in self._repeated.values() if it.due <= clock]:
            if len(self._waiting) < MAX_WAITING:
                del self._repeated[series.telling]
                self._waiting.append(series)
        return self._waiting[0] if self._waiting else None

    def wait(self) -> float | None:
        """Return the seconds until there is a head where there is none now; None: who knows."""
        if not self._repeated:
            return None
        return max(0.0, min(it.due for it in self._repeated.values()) - self._clock())

    def done(self, count: int) -> None:
        """Note that the head is written, with this count."""
        series = self._waiting.popleft()
        delay = min(FIRST_UPDATE * 2**series.writes, LONGEST_UPDATE)
        series.written, series.due = count, self._clock() + delay
        series.writes += 1
        if series.count > count:  # it happened again meanwhile
            self._repeated[series.telling] = series

    def drop(self) -> None:
        """Give the head up; should the same happen again, it is a new Event."""
        series = self._waiting.popleft()
        if self._known.get(series.telling) is series:
            del self._known[series.telling]

    def anew(self) -> None:
        """Make the head a new Event, with what happened since: the old one is no longer there."""
        series = self._waiting[0]
        series.count -= series.written
        series.written, series.first = 0, series.last

    def hurry(self) -> None:
        """Let every count be written that is not: there is no later."""
        for series in self._repeated.values():
            series.due = 0.0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._repeated)

    def _repeat(self, series: Series, clock: float) -> bool:
        series.count += 1
        series.seen, series.last = clock, self._now()
        self._known.move_to_end(series.telling)
        self._dropped("duplicate")
        # What waits anyway is written with the count that it has by then.
        if series.count - 1 > series.written:
            return False
        self._repeated[series.telling] = series
        return True

    def _bucket(self, key: tuple[str, Subject]) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = TokenBucket(burst=SPAM_BURST, every=SPAM_EVERY, clock=self._clock)
        _keep(self._buckets, key, bucket)
        return bucket


def _keep(known: OrderedDict[K, V], key: K, value: V) -> K | None:
    """Remember it as the latest; returns what is forgotten for it, the one not seen for longest."""
    known[key] = value
    known.move_to_end(key)
    return known.popitem(last=False)[0] if len(known) > MAX_KNOWN else None
