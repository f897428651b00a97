"""Pieces of CEL; that the API server reads them as meant, the comparison with the webhook shows."""

import re

from hypothesis import given
from hypothesis import strategies as st

from webhook.core.names import NameMatcher
from webhook.native.cel import (
    EXPRESSION_LIMIT,
    Variable,
    exactly,
    is_one_of,
    mapping,
    matching,
    mixed,
    needed,
    shards,
    text,
)

GLOBS = st.text("ab-*?", min_size=1, max_size=6)
NAMES = st.text("ab-", min_size=1, max_size=6)


def test_a_quote_and_a_backslash_stay_inside_of_their_literal() -> None:
    assert text("it's \\d") == r"'it\'s \\d'"


def test_what_cannot_be_printed_is_escaped() -> None:
    assert text("a\nb") == r"'a\U0000000ab'"


@given(st.lists(GLOBS, max_size=4), NAMES)
def test_a_regular_expression_fits_what_the_globs_fit(globs: list[str], name: str) -> None:
    fits = re.search(matching(globs), name) is not None

    assert fits == NameMatcher(tuple(globs)).matches(name)


@given(st.lists(st.text(max_size=5), max_size=4), st.text(max_size=5))
def test_values_of_any_characters_fit_themselves_alone(values: list[str], other: str) -> None:
    pattern = re.compile(exactly(values).removesuffix("$") + r"\Z")  # as RE2 means its $

    assert all(pattern.search(value) for value in values)
    assert (pattern.search(other) is not None) == (other in values)


def test_names_without_globs_need_no_regular_expression() -> None:
    assert is_one_of("it", ["b", "a"]) == "it in ['a', 'b']"
    assert is_one_of("it", ["b-*", "a"]) == "it.matches('^(a|b-.*)$')"


def test_values_of_several_types_are_told_to_be_so() -> None:
    assert mixed(name="'a'", optional="true") == "{'name': dyn('a'), 'optional': dyn(true)}"


def test_a_long_table_is_cut_where_the_parser_would_refuse_it() -> None:
    entries = {f"name-{i:05}": "'x'" for i in range(10_000)}

    tables = shards("table", entries)

    assert [it.name for it in tables] == ["table", "table1", "table2"]
    assert all(len(it.expression) <= EXPRESSION_LIMIT for it in tables)
    assert sum(it.expression.count("'x'") for it in tables) == len(entries)


def test_an_empty_table_is_there() -> None:
    assert shards("table", {}) == [Variable("table", mapping({}))]


def test_variables_that_nobody_needs_are_left_out() -> None:
    every = [
        Variable("a", "1"),
        Variable("b", "variables.a"),
        Variable("c", "variables.a"),
        Variable("ab", "2"),
    ]

    assert [it.name for it in needed(every, ["variables.b > 0"])] == ["a", "b"]
