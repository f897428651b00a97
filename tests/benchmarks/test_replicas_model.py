import pytest

from benchmarks.replicas_model import Parameters, evenness, goals, markdown, parameters
from benchmarks.section import Row
from benchmarks.spread import Spread


def row(layout: str, number: int, cpu: float, per_second: float) -> Row:
    return {
        "round": number,
        "layout": layout,
        "cpuMicroseconds": cpu,
        "perSecond": per_second,
        "clientBusy": 0.25,
        "p99Microseconds": 1000.0,
    }


# One replica: 50 µs a request, 10,000 of them a second, for which the client uses 25 µs each. Two
# cores then allow 2 s / 75 µs = 26,667 requests a second.
ROWS = [row("one", 0, 50, 10_000), row("two", 0, 55, 25_000)]


def test_the_parameters_are_taken_from_the_measurement() -> None:
    found = parameters(ROWS, one="one", two="two")

    assert found is not None
    assert found.one == Spread(20_000, 20_000, 20_000)
    assert found.contention == pytest.approx(0.1)


def test_there_is_no_model_without_both_layouts() -> None:
    assert parameters(ROWS[:1], one="one", two="two") is None
    assert parameters(ROWS[1:], one="one", two="two") is None
    assert "The model" not in markdown(ROWS[:1], None, {})


def test_two_replicas_that_are_cheaper_are_noise_and_no_contention() -> None:
    found = parameters([ROWS[0], row("two", 0, 45, 25_000)], one="one", two="two")

    assert found is not None
    assert found.contention == 0


def test_contention_takes_its_part_of_each_further_replica() -> None:
    model = Parameters(Spread(100, 90, 110), contention=0.1)

    assert model.at_most(1) == 100
    assert model.at_most(2) == pytest.approx(200 / 1.1)
    assert model.at_most(11) == pytest.approx(550)


def test_connections_by_chance_are_the_more_even_the_more_there_are() -> None:
    assert evenness(1, 25) == 1
    assert 1 / 10 < evenness(10, 25) < evenness(10, 75) < evenness(10, 1000) < 1
    # Two connections and two replicas: half of the time one replica has both. 1 / 1.5.
    assert evenness(2, 2) == pytest.approx(2 / 3, rel=0.02)


def test_the_goal_compares_two_replicas_with_what_two_cores_allow() -> None:
    (goal,) = goals(ROWS, one="one", two="two")

    assert goal.measured is not None
    assert goal.measured.middle == pytest.approx(25_000 / (2e6 / 75))
    assert goal.reached


def test_two_replicas_that_are_no_faster_than_one_do_not_reach_it() -> None:
    (goal,) = goals([ROWS[0], row("two", 0, 55, 10_000)], one="one", two="two")

    assert not goal.reached


def test_the_report_names_the_parameters() -> None:
    text = markdown(ROWS, parameters(ROWS, one="one", two="two"), {})

    assert "| one | 10,000 [10,000-10,000] | 50 [50-50] | 1.00 [1.00-1.00] |" in text
    assert "20,000 [20,000-20,000] requests a second" in text
    assert "Contention: 0.100" in text
    assert "| 1 | 20,000 | 20,000 | 20,000 |" in text
