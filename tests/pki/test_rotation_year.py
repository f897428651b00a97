"""A year and more of certificates: no call fails at any moment."""

from datetime import timedelta

import pytest

from tests.pki.rotation_kit import DAY, HOUR, MINUTE, NAMES, START, Cluster, Leader, Replica
from webhook.pki.plan import Times, Wish

pytestmark = pytest.mark.slow


def started(*, hearing: tuple[float, ...], loading: tuple[float, ...]) -> Cluster:
    """Begin with everything in place, as after an installation; delays in seconds."""
    cluster = Cluster(
        replicas=[Replica(timedelta(seconds=each)) for each in loading],
        hearing=[timedelta(seconds=each) for each in hearing],
    )
    cluster.reconcile()
    cluster.at += 2 * HOUR
    cluster.look()
    return cluster


def check(cluster: Cluster) -> None:
    assert cluster.broken() == [], f"on {cluster.at}"


@pytest.mark.parametrize(
    ("hearing", "loading"),
    [
        pytest.param((0, 0.01, 30), (0, 1, 90), id="as it is"),
        pytest.param((59, 0, 59), (0, 0, 0), id="API servers hear late, replicas load at once"),
        pytest.param((0, 0, 0), (0, 60, 1800), id="a replica loads half an hour late"),
    ],
)
def test_no_call_fails_in_more_than_a_year(
    hearing: tuple[float, ...], loading: tuple[float, ...]
) -> None:
    cluster = started(hearing=hearing, loading=loading)
    cluster.run(START + 500 * DAY, each=check, step=4 * HOUR)
    said = [why for each in cluster.plans for why in each.why]
    # Two thirds of a CA's year, two days of them before it was made, are over after 241 days.
    assert said.count("the new CA signs from now on: every API server must have it by now") == 2
    dropped = "the old CA is dropped: every replica serves a certificate of the new one"
    assert said.count(dropped) == 2
    # Two thirds of a certificate's month, the same two days early, are over after 18 days.
    assert 27 <= sum("a serving certificate was issued" in why for why in said) <= 31
    assert cluster.plans[-1].step == 0


def test_clocks_that_are_set_back_and_forth_by_a_day_neither_break_nor_churn() -> None:
    cluster = started(hearing=(0, 5), loading=(0, 30))
    skews = (-1 * DAY, timedelta(), DAY)

    def set_the_clock(it: Cluster) -> None:
        check(it)
        it.skew = skews[len(it.plans) % 3]

    cluster.run(START + 400 * DAY, each=set_the_clock, step=4 * HOUR)
    changes = [each for each in cluster.plans if each.changed]
    assert 22 <= len(changes) <= 30


def test_without_an_overlap_calls_would_fail() -> None:
    cluster = started(hearing=(0, 30), loading=(0, 30))
    cluster.leader = Leader(wish=Wish(NAMES, Times(overlap=timedelta())), memory=cluster.secret)
    broken: set[str] = set()
    cluster.run(START + 300 * DAY, each=lambda it: broken.update(it.broken()), step=4 * HOUR)
    assert len(broken) > 0


def test_who_loads_late_is_waited_for() -> None:
    """The old CA stays for as long as one replica says that it serves its certificate."""
    cluster = started(hearing=(0,), loading=(0, 0))
    cluster.asked = "ca"
    cluster.replicas[1].delay = 3 * HOUR
    cluster.run(cluster.at + 2 * HOUR, each=check)
    assert [each.step for each in cluster.plans[-2:]] == [2, 2]
    cluster.run(cluster.at + 2 * HOUR, each=check)
    assert cluster.plans[-1].step == 0


def test_a_rotation_that_is_asked_for_takes_two_overlaps() -> None:
    cluster = started(hearing=(30,), loading=(1,))
    cluster.asked, begin = "ca", cluster.at
    times: dict[int, timedelta] = {}

    def note(it: Cluster) -> None:
        check(it)
        times.setdefault(it.plans[-1].step, it.at - begin)

    cluster.run(begin + 5 * MINUTE, each=note)
    assert times[1] == timedelta()
    # What a look does is seen at the next one, five seconds later, and replicas report every ten.
    assert times[2] == timedelta(seconds=65)
    assert timedelta(seconds=125) <= times[0] <= timedelta(seconds=145)
