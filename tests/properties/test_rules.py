"""The rules about deployers and workloads, by hand: of the program, the oracle and the search."""

from dataclasses import replace

import pytest

from tests.properties.asking import ask, expected_of
from tests.properties.rules import RULES, Rule
from tests.properties.search import disagreement

each = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@each
def test_the_program_keeps_the_rule(rule: Rule) -> None:
    outcome = ask(rule.scenario)

    assert outcome.allowed == rule.is_allowed, outcome.message


@each
def test_the_oracle_knows_the_rule(rule: Rule) -> None:
    wanted = expected_of(rule.scenario)

    assert wanted.is_refused == (not rule.is_allowed)
    assert wanted.may_be_refused == (not rule.is_allowed)


@each
def test_a_search_notices_where_the_rule_is_broken(rule: Rule) -> None:
    broken = replace(ask(rule.scenario), allowed=not rule.is_allowed, message="no", patch=[])

    assert disagreement(rule.scenario, broken)
