"""What is made of the figures of a storm."""

from benchmarks.section import Row
from benchmarks.servers import NULL, OURS
from benchmarks.storm import (
    CONNECTIONS,
    HANDSHAKES,
    LIMIT_MS,
    PODS,
    REQUESTS,
    STORM,
    goals,
    markdown,
)


def row(number: int, server: str, what: str, p99: float) -> Row:
    """Make a row with these milliseconds, from which the others follow."""
    return {
        "round": number,
        "server": server,
        "workload": what,
        "p50Microseconds": p99 * 500,
        "p99Microseconds": p99 * 1000,
        "maxMicroseconds": p99 * 2000,
        "cpuMicroseconds": 70.0 + number,
    }


def test_the_promise_is_about_our_storm_alone() -> None:
    (goal,) = goals(
        [
            row(0, OURS, STORM, LIMIT_MS + 20),
            row(0, OURS, HANDSHAKES, 900),
            row(0, NULL, STORM, 900),
            row(1, OURS, STORM, LIMIT_MS - 20),
            row(2, OURS, STORM, LIMIT_MS),
        ]
    )

    assert goal.measured is not None
    assert (goal.measured.low, goal.measured.middle, goal.measured.high) == (
        LIMIT_MS - 20,
        LIMIT_MS,
        LIMIT_MS + 20,
    )
    assert goal.reached


def test_a_storm_that_was_not_measured_reaches_nothing() -> None:
    (goal,) = goals([row(0, NULL, STORM, 1), row(0, OURS, HANDSHAKES, 1)])

    assert goal.measured is None
    assert not goal.reached


def test_the_table_has_both_servers_and_what_was_not_measured_is_a_dash() -> None:
    rows = [row(0, OURS, STORM, 80), row(2, OURS, STORM, 40), row(0, NULL, HANDSHAKES, 20)]

    assert markdown(rows).splitlines()[2:] == [
        "|  | p50 | p99 | longest | CPU µs a request |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| {OURS}: {HANDSHAKES} | - | - | - | - |",
        (
            f"| {OURS}: {STORM} | 30.0 [20.0-40.0] | 60.0 [40.0-80.0] | 120.0 [80.0-160.0] "
            "| 71 [70-72] |"
        ),
        (
            f"| {NULL}: {HANDSHAKES} | 10.0 [10.0-10.0] | 20.0 [20.0-20.0] | 40.0 [40.0-40.0] "
            "| 70 [70-70] |"
        ),
        f"| {NULL}: {STORM} | - | - | - | - |",
    ]


def test_each_connection_asks_about_a_pod_before_the_burst() -> None:
    assert REQUESTS == CONNECTIONS + PODS
    assert (f"{CONNECTIONS} " in HANDSHAKES, f"{PODS:,}" in STORM) == (True, True)
