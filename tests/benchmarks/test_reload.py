"""What is made of the figures of reloads."""

from benchmarks.reload import LIMIT_MS, QUIET, RELOADING, goals, longer, markdown
from benchmarks.section import Row


def row(number: int, what: str, longest: float) -> Row:
    """Make a row whose longest wait has these milliseconds; a reload takes so many seconds."""
    return {
        "round": number,
        "workload": what,
        "p50Microseconds": 400.0,
        "p99Microseconds": 900.0,
        "p999Microseconds": 1500.0,
        "maxMicroseconds": longest * 1000,
        **({"inForceSeconds": 3.0 + number} if what == RELOADING else {}),
    }


def test_how_much_longer_one_waits_is_compared_within_each_round() -> None:
    busy, calm = (
        [row(0, RELOADING, 90), row(0, QUIET, 80)],
        [row(1, RELOADING, 9), row(1, QUIET, 5)],
    )

    measured = longer([*busy, *calm])

    assert measured is not None
    assert (measured.low, measured.middle, measured.high) == (4.0, 7.0, 10.0)


def test_a_reload_during_which_nobody_waits_longer_is_no_fault() -> None:
    (goal,) = goals([row(0, RELOADING, 20), row(0, QUIET, 30)])

    assert goal.measured is not None
    assert goal.measured.middle == -10.0
    assert goal.reached


def test_the_limit_itself_is_reached_and_what_is_above_is_not() -> None:
    assert [
        goals([row(0, RELOADING, 5 + LIMIT_MS + more), row(0, QUIET, 5)])[0].reached
        for more in (0, 1)
    ] == [True, False]


def test_a_round_without_its_quiet_half_counts_for_nothing() -> None:
    assert longer([row(0, RELOADING, 90)]) is None
    measured = longer([row(0, RELOADING, 90), row(1, RELOADING, 12), row(1, QUIET, 10)])
    assert measured is not None
    assert (measured.low, measured.high) == (2.0, 2.0)


def test_the_table_has_both_halves_and_how_long_the_reload_took() -> None:
    rows = [row(0, RELOADING, 20), row(0, QUIET, 10), row(1, RELOADING, 40), row(1, QUIET, 10)]

    assert markdown(rows).splitlines()[2:] == [
        "|  | p50 | p99 | p99.9 | longest |",
        "| --- | ---: | ---: | ---: | ---: |",
        (
            f"| {QUIET} | 0.40 [0.40-0.40] | 0.90 [0.90-0.90] | 1.50 [1.50-1.50] | "
            "10.00 [10.00-10.00] |"
        ),
        (
            f"| {RELOADING} | 0.40 [0.40-0.40] | 0.90 [0.90-0.90] | 1.50 [1.50-1.50] | "
            "30.00 [20.00-40.00] |"
        ),
        "",
        (
            "From the change of the file to its policy in force: 3.5 [3.0-4.0] s, of which the "
            "first two are how often the file is looked at."
        ),
    ]
