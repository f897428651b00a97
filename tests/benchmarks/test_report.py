from typing import Any

from benchmarks.report import markdown
from benchmarks.section import Goal, Row, Section
from benchmarks.spread import Spread

ABOUT: dict[str, Any] = {
    "startedAt": "2026-11-24T12:00:00+00:00",
    "machine": {
        "system": "Linux x86_64, Python 3.11.7",
        "cpu": "a processor",
        "cores": 2,
        "separateCores": True,
        "pythonOptimised": False,
        "loadAverage": 0.5,
    },
    "settings": {"rounds": 5, "seconds": 1.0, "quick": False},
    "bodies": {"worker": 8221},
}


def row(*, requests: int = 100, errors: int = 0, others: float = 0.0, first: str = "") -> Row:
    return {
        "requests": requests,
        "errors": errors,
        "othersBusy": others,
        "stolen": 0.02,
        "firstError": first,
    }


def section(*rows: Row, title: str = "Side by side", goals: tuple[Goal, ...] = ()) -> Section:
    return Section(title, "the tables", rows, goals)


def report(*sections: Section, **about: object) -> str:
    return markdown({**ABOUT, **about}, sections)


def test_the_goals_of_all_parts_come_first_and_are_counted() -> None:
    fast = Goal("fast", 1, Spread(0.5, 0.4, 0.6))
    small = Goal("small", 1, None)

    text = report(section(row(), goals=(fast,)), section(row(), title="Memory", goals=(small,)))

    assert "## Goals\n\n1 of 2 reached, by the median of the rounds.\n\n| goal |" in text
    assert text.index("| fast |") < text.index("| small |") < text.index("## Side by side")
    assert text.index("## Side by side") < text.index("## Memory") < text.index("## Honesty")


def test_errors_are_counted_and_the_first_ones_told() -> None:
    rows = [row(errors=3, first="HTTP 500: no"), row(errors=1, first="HTTP 500: no"), row()]

    text = report(section(*rows))

    assert "- 300 requests, 4 errors.\n" in text
    assert text.count("- error: HTTP 500: no") == 1


def test_the_noise_of_others_is_told() -> None:
    text = report(section(row(others=0.05), row(others=0.2), row(others=0.9)))

    assert "- Others used 20% of a core in the median, 90% at most.\n" in text
    assert "- They used more than a tenth of a core in 2 of 3 measurements.\n" in text
    assert "- The host took 2% of a core at most.\n" in text


def test_rows_that_do_not_count_requests_are_no_error() -> None:
    assert "- 0 requests, 0 errors.\n" in report(section({"pools": 10, "microseconds": 3.0}))


def test_one_core_for_both_is_said_loudly() -> None:
    machine = {**ABOUT["machine"], "separateCores": False}

    assert "**server and load generator share one" in report(section(row()), machine=machine)


def test_a_quick_run_says_that_it_is_one() -> None:
    settings = {"rounds": 2, "seconds": 0.3, "quick": True}

    assert "**Quick: fewer and shorter rounds.**" in report(section(row()), settings=settings)
    assert "Quick" not in report(section(row()))
