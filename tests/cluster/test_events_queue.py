"""The same again becomes a number, and too many Events are dropped and counted."""

from dataclasses import dataclass, field

import pytest

from tests.cluster.events_kit import Clock, said, workload
from webhook.cluster.eventqueue import (
    FIRST_UPDATE,
    LONGEST_UPDATE,
    MAX_KNOWN,
    MAX_WAITING,
    SPAM_BURST,
    SPAM_EVERY,
    WINDOW,
    EventQueue,
    Series,
)
from webhook.cluster.tokens import TokenBucket


@dataclass
class Rig:
    clock: Clock = field(default_factory=Clock)
    dropped: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = EventQueue(clock=self.clock, now=self.clock.now, dropped=self.dropped.append)

    def write(self) -> Series:
        """Write the head, which must be there."""
        series = self.queue.head()
        assert series is not None
        self.queue.done(series.count)
        return series


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_happens_again_before_it_is_written_is_one_event(rig: Rig) -> None:
    assert rig.queue.offer(said())
    rig.clock.passed = 3.0
    assert not rig.queue.offer(said())

    series = rig.write()

    assert (series.count, series.last - series.first) == (2, 3.0)
    assert (rig.queue.head(), rig.queue.wait(), len(rig.queue)) == (None, None, 0)
    assert rig.dropped == ["duplicate"]


def test_a_new_count_is_written_later_and_later(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.write()
    delays: list[float] = []
    for _ in range(9):
        assert rig.queue.offer(said())
        assert not rig.queue.offer(said())
        assert rig.queue.head() is None
        wait = rig.queue.wait()
        assert wait is not None
        delays.append(wait)
        rig.clock.passed += wait
        assert rig.queue.wait() == 0
        rig.write()

    assert delays == [15, 30, 60, 120, 240, 480, 900, 900, 900]
    assert (delays[0], delays[-1]) == (FIRST_UPDATE, LONGEST_UPDATE)


def test_a_count_that_grows_while_it_is_written_is_written_again(rig: Rig) -> None:
    rig.queue.offer(said())
    series = rig.queue.head()
    assert series is not None
    count = series.count
    assert not rig.queue.offer(said())
    rig.queue.done(count)

    assert (series.written, series.count, rig.queue.wait()) == (1, 2, FIRST_UPDATE)


def test_after_the_window_the_same_is_a_new_event(rig: Rig) -> None:
    rig.queue.offer(said())
    first = rig.write()
    rig.clock.passed = WINDOW - 1
    rig.queue.offer(said())
    assert rig.write() is first

    rig.clock.passed += WINDOW
    rig.queue.offer(said())
    again = rig.write()

    assert again is not first
    assert (again.count, again.first) == (1, rig.clock.now())


def test_a_count_that_was_never_written_does_not_come_back_with_the_new_event(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.write()
    rig.queue.offer(said())
    rig.clock.passed = WINDOW  # the sender was held up all the time
    rig.queue.offer(said())

    assert rig.write().count == 1
    assert (rig.queue.head(), len(rig.queue)) == (None, 0)


@pytest.mark.parametrize(
    "other",
    [said("another note"), said(namespace="other"), said(subject=workload(2))],
)
def test_what_differs_is_another_event(rig: Rig, other: object) -> None:
    assert rig.queue.offer(said())
    assert rig.queue.offer(other)  # type: ignore[arg-type]
    assert len(rig.queue) == 2


def test_a_full_queue_drops_what_is_new_and_still_counts_what_repeats(rig: Rig) -> None:
    for number in range(MAX_WAITING + 10):
        rig.queue.offer(said(subject=workload(number)))
    assert rig.dropped == ["queue_full"] * 10

    rig.queue.offer(said(subject=workload(0)))

    assert rig.dropped[10:] == ["duplicate"]
    assert len(rig.queue) == MAX_WAITING
    assert rig.write().count == 2
    assert rig.queue.offer(said(subject=workload(MAX_WAITING + 1)))


def test_new_counts_wait_while_the_queue_is_full(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.write()
    rig.queue.offer(said())
    for number in range(MAX_WAITING):
        rig.queue.offer(said(subject=workload(number)))
    rig.clock.passed = FIRST_UPDATE

    written = [rig.write().telling for _ in range(MAX_WAITING + 1)]

    assert written[-1] == said()


def test_about_one_object_there_are_a_few_events_and_then_one_in_a_while(rig: Rig) -> None:
    def offer(number: int) -> bool:
        rig.queue.offer(said(f"note {number}"))
        series = rig.queue.head()
        if series is not None:
            rig.queue.done(series.count)
        return series is not None

    assert [offer(number) for number in range(SPAM_BURST + 2)] == [True] * SPAM_BURST + [False] * 2
    rig.clock.passed = SPAM_EVERY
    assert [offer(number) for number in (101, 102)] == [True, False]
    assert rig.dropped == ["rate"] * 3
    assert rig.queue.offer(said("note 103", workload(2)))


def test_memory_does_not_grow_with_the_objects_that_there_are(rig: Rig) -> None:
    for number in range(MAX_KNOWN * 3):
        rig.queue.offer(said(subject=workload(number)))
        rig.write()
        rig.queue.offer(said(subject=workload(number)))

    assert len(rig.queue._known) == len(rig.queue._buckets) == MAX_KNOWN
    assert len(rig.queue) == MAX_KNOWN  # the counts of those that are known
    rig.clock.passed = 1.0
    rig.queue.offer(said(subject=workload(MAX_KNOWN * 3 - 1)))
    assert rig.dropped[-1] == "duplicate"


def test_what_is_given_up_is_a_new_event_when_it_happens_again(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.queue.drop()
    assert rig.queue.offer(said())


def test_giving_up_what_was_forgotten_leaves_its_successor_alone(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.clock.passed = WINDOW
    rig.queue.offer(said())
    rig.queue.drop()

    assert not rig.queue.offer(said())
    assert rig.write().count == 2


def test_at_the_end_every_count_is_written_at_once(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.write()
    rig.queue.offer(said())
    rig.queue.hurry()
    assert rig.write().count == 2


def test_an_event_that_is_gone_begins_anew_with_what_happened_since(rig: Rig) -> None:
    rig.queue.offer(said())
    rig.write()
    rig.clock.passed = FIRST_UPDATE
    rig.queue.offer(said())
    rig.queue.offer(said())
    series = rig.queue.head()
    assert series is not None
    rig.queue.anew()

    assert (series.count, series.written) == (2, 0)
    assert series.first == rig.clock.now()


def test_a_bucket_fills_up_to_its_size_and_no_further() -> None:
    clock = Clock()
    bucket = TokenBucket(burst=2, every=10.0, clock=clock)
    assert [bucket.take(), bucket.take(), bucket.take()] == [True, True, False]
    assert bucket.wait() == 10
    clock.passed = 5.0
    assert bucket.wait() == 5
    clock.passed = 1000.0
    assert [bucket.take(), bucket.take(), bucket.take()] == [True, True, False]
