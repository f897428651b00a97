from benchmarks.large import ALONE, BESIDE, LARGE, delay, goals, markdown
from benchmarks.section import Row
from benchmarks.servers import OURS
from benchmarks.spread import Spread


def row(what: str, number: int, milliseconds: float) -> Row:
    times = {f"{key}Microseconds": milliseconds * 1000 for key in ("p50", "p99", "max")}
    return {"server": OURS, "round": number, "workload": what, **times}


ROWS = [
    row(ALONE, 0, 1),
    row(BESIDE, 0, 31),
    row(LARGE, 0, 20),
    row(ALONE, 1, 2),
    row(BESIDE, 1, 52),
    row(LARGE, 1, 80),
]


def test_the_delay_is_the_longest_wait_beside_it_less_the_usual_one_alone() -> None:
    assert delay(ROWS, OURS) == Spread(40, 30, 50)


def test_both_promises_are_judged() -> None:
    told = {goal.promise: (goal.measured, goal.reached) for goal in goals(ROWS)}

    assert told == {
        "a pod of 2.9 MB is answered, p99": (Spread(50, 20, 80), True),
        "a pod of 2.9 MB delays another one, at most": (Spread(40, 30, 50), True),
    }


def test_what_was_not_measured_is_not_reached() -> None:
    assert not any(goal.reached for goal in goals([]))
    assert f"| {OURS}: {BESIDE} | - | - | - |" in markdown([])
