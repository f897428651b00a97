import pytest

from benchmarks.section import Goal, Section, goals_table
from benchmarks.spread import Spread, spread


def goal(middle: float | None, *, at_least: bool = False) -> Goal:
    measured = None if middle is None else Spread(middle, middle - 0.1, middle + 0.1)
    return Goal("CPU, to a peer", 0.5, measured, at_least=at_least, tried="a memo")


def test_a_spread_is_the_median_with_the_lowest_and_the_highest() -> None:
    measured = spread([3, 1, 2, 1000])

    assert measured == Spread(2.5, 1, 1000)
    assert Spread(1234.5, 1, 2000).text() == "1,234 [1-2,000]"
    assert Spread(0.123, 0.1, 0.2).text(2) == "0.12 [0.10-0.20]"


def test_nothing_measured_has_no_spread() -> None:
    assert spread([]) is None


@pytest.mark.parametrize(
    ("middle", "at_least", "reached"),
    [
        (0.49, False, True),
        (0.5, False, True),
        (0.51, False, False),
        (0.49, True, False),
        (0.5, True, True),
        (0.51, True, True),
        (None, False, False),
        (None, True, False),
    ],
)
def test_a_goal_is_reached_by_the_median(
    middle: float | None, at_least: bool, reached: bool
) -> None:
    assert goal(middle, at_least=at_least).reached is reached


def test_the_table_says_what_is_reached_and_what_was_tried_where_it_is_not() -> None:
    text = goals_table([goal(0.4), goal(0.6), goal(None), goal(0.6, at_least=True)])

    assert text == (
        "| goal | limit | measured | reached | tried |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| CPU, to a peer | at most 0.5 x | 0.40 [0.30-0.50] | yes |  |\n"
        "| CPU, to a peer | at most 0.5 x | 0.60 [0.50-0.70] | **no** | a memo |\n"
        "| CPU, to a peer | at most 0.5 x | not measured | **no** | a memo |\n"
        "| CPU, to a peer | at least 0.5 x | 0.60 [0.50-0.70] | yes |  |"
    )


def test_a_part_that_fails_says_so() -> None:
    section = Section.failure("comparison", SystemExit("/mutate answers 413"))

    assert section.failed
    assert section.markdown == "**It could not be measured**: SystemExit: /mutate answers 413"
