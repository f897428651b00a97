"""Globs compared with each other: always with what they match, by brute force."""

import fnmatch
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.audit.globs import common, covers, examples

PATTERNS = st.text("ab*?", min_size=1, max_size=5)
NAMES = [
    "".join(letters) for length in range(7) for letters in itertools.product("abx", repeat=length)
]


def names(pattern: str) -> set[str]:
    return {name for name in NAMES if fnmatch.fnmatchcase(name, pattern)}


@settings(deadline=None)  # of a machine that others use, too
@given(PATTERNS, PATTERNS)
def test_a_glob_that_covers_another_matches_all_that_it_matches(wide: str, narrow: str) -> None:
    assert not covers(wide, narrow) or names(narrow) <= names(wide)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "*", True),
        ("*", "noxus", True),
        ("noxus-*", "noxus-a", True),
        ("noxus-*", "noxus-a*", True),
        ("noxus-*", "noxus", False),
        ("noxus-a*", "noxus-*", False),
        ("team-?", "team-a", True),
        ("team-?", "team-*", False),
        ("*-prod", "team-*-prod", True),
        ("*a*b*", "xaxbx", True),
    ],
)
def test_covering_is_found_where_it_is_plain(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


@settings(deadline=None)  # of a machine that others use, too
@given(PATTERNS, PATTERNS)
def test_a_name_in_common_is_found_exactly_where_there_is_one(left: str, right: str) -> None:
    found = common(left, right)

    if found is None:
        assert not names(left) & names(right)
    else:
        assert fnmatch.fnmatchcase(found, left)
        assert fnmatch.fnmatchcase(found, right)


@settings(deadline=None)  # of a machine that others use, too
@given(st.lists(PATTERNS, max_size=4))
def test_examples_stand_for_every_pattern_and_every_two(patterns: list[str]) -> None:
    found = examples(patterns)

    for left, right in itertools.product(patterns, repeat=2):
        shared = {name for name in names(left) & names(right) if name}
        assert not shared or any(
            fnmatch.fnmatchcase(name, left) and fnmatch.fnmatchcase(name, right) for name in found
        )


def test_a_glob_of_many_stars_costs_nothing_to_compare() -> None:
    assert not covers("*a" * 30 + "b", "a" * 62)
