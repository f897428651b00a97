"""The decision about a standard pod may not become dearer unnoticed."""

from pathlib import Path

import pytest

from tools import callgrind, instructions
from tools.instructions import Cost

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
BEFORE = Cost(100_000, {"dict_lookup": 60_000, "eval": 40_000}, {"decide.py:decide": 30})


def test_no_decision_costs_a_tenth_more_instructions_than_recorded() -> None:
    try:
        costs = instructions.measure()
    except callgrind.CannotCountError as why:
        pytest.skip(str(why))
    dear, told = instructions.compare(costs, instructions.recorded())
    assert not dear, "\n".join(told)


def test_a_tenth_more_is_told_with_the_functions_that_it_comes_from() -> None:
    now = Cost(
        110_001,
        {"dict_lookup": 70_001, "eval": 40_000},
        {"decide.py:decide": 30, "pod.py:look": 9},
    )
    dear, told = instructions.compare({"mutate": now}, {"mutate": BEFORE})
    assert dear
    assert "\n".join(told) == (
        "mutate: 110,001 instructions, +10.0% over the record.\n"
        "  instructions, before -> now (0: not among the 12 dearest):\n"
        "     60,000 ->    70,001  dict_lookup\n"
        "\n"
        "  lines of Python, before -> now (0: not among the 12 dearest):\n"
        "          0 ->         9  pod.py:look\n"
        "\n"
        "More than 10% above the record. Make it cheaper, or say in the commit why it is worth "
        "that and renew the record: python -m tools.instructions --record"
    )


def test_less_than_a_tenth_more_is_no_error() -> None:
    now = Cost(109_999, BEFORE.c, BEFORE.python)
    assert instructions.compare({"mutate": now}, {"mutate": BEFORE}) == (
        False,
        ["mutate: 109,999 instructions, +10.0% over the record."],
    )


def test_an_improvement_asks_to_be_recorded() -> None:
    now = Cost(90_000, BEFORE.c, BEFORE.python)
    assert instructions.compare({"mutate": now}, {"mutate": BEFORE}) == (
        False,
        [
            "mutate: 90,000 instructions, -10.0% over the record.",
            "  So much better should be recorded, so that it stays.",
        ],
    )


def test_a_decision_without_a_record_is_an_error() -> None:
    dear, told = instructions.compare({"memo": BEFORE}, {})
    assert dear
    assert told[0] == "memo: 100,000 instructions, and none are recorded."


def test_another_python_is_compared_with_nothing() -> None:
    dear, told = instructions.compare({"mutate": BEFORE}, None)
    assert not dear
    assert told == [f"No counts are recorded for {instructions.build()}: nothing to compare with."]


def test_a_snippet_that_does_twice_as_much_costs_twice_as_much() -> None:
    setup = "import hashlib"
    try:
        once = instructions.measure("hashlib.sha256(pod).digest()", setup, number=20)
        twice = instructions.measure("hashlib.sha256(pod * 2).digest()", setup, number=20)
    except callgrind.CannotCountError as why:
        pytest.skip(str(why))
    a, b = once["snippet"].instructions, twice["snippet"].instructions
    assert 1.9 < b / a < 2.1


def test_a_snippet_that_fails_is_told_as_python_tells_it() -> None:
    with pytest.raises(callgrind.CannotCountError) as caught:
        instructions.measure("1 / 0", "pass")
    assert "ZeroDivisionError: division by zero" in str(caught.value) or "not installed" in str(
        caught.value
    )


def test_the_cost_of_what_a_function_calls_is_not_its_own() -> None:
    profile = callgrind._read(
        "fn=(1) main\n12 5\n+1 7\ncfn=(2) work\ncalls=1 40\n14 100\n* 1\n\nfn=(2)\n40 100\n"
    )
    assert profile == callgrind.Counted(113, {"main": 13, "work": 100})
