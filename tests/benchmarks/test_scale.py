"""What is made of the figures of the curves."""

from benchmarks.scale import POOLS, SIZES, goals, microseconds
from benchmarks.section import Row


def row(number: int, size: int, took: float) -> Row:
    return {"round": number, "what": POOLS, "size": size, "microseconds": took}


def test_the_ratio_is_formed_within_each_round() -> None:
    few, many = SIZES[POOLS][0], SIZES[POOLS][-1]
    slow, fast = [row(1, few, 40.0), row(1, many, 44.0)], [row(2, few, 20.0), row(2, many, 20.0)]

    (goal,) = goals([*slow, *fast])

    assert goal.measured is not None
    assert (goal.measured.low, goal.measured.high) == (1.0, 1.1)


def test_a_call_costs_some_time() -> None:
    assert microseconds(lambda: sum(range(1000))) > 0
