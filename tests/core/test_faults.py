"""What is wrong with a policy has a place in it; the sentences are tested where files are read."""

import pytest

from tests.core.kit import CIRCLES, model
from webhook.core import advice, faults
from webhook.core.faults import did_you_mean, known_roles


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("wroker", ["worker", "beat"], "; did you mean 'worker'?"),
        ("x", ["worker", "beat"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_known_name_is_offered_where_one_is_near(
    name: str, known: list[str], hint: str
) -> None:
    assert did_you_mean(name, known) == hint


def test_a_proper_policy_has_no_fault() -> None:
    assert faults.refusals(model(CIRCLES)) == []
    assert advice.warnings(model(CIRCLES)) == []


def test_a_policy_that_says_nothing_has_no_fault() -> None:
    assert faults.refusals(model("{}")) == []
    assert advice.warnings(model("{}")) == []


def test_the_policy_s_own_roles_are_known_beside_the_built_in_ones() -> None:
    assert known_roles(model("identity: {roles: [indexer]}").spec) == {
        "frontend",
        "backend",
        "worker",
        "relay",
        "plugin-server",
        "sandbox",
        "beat",
        "indexer",
    }
