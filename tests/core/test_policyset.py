"""Each namespace is governed by one policy, the first that covers it."""

from itertools import count

from tests.core.kit import model
from webhook.core import policyset
from webhook.core.compile import compile_policy
from webhook.core.policyset import Conflict, PolicySet
from webhook.core.tables import CompiledPolicy

_NUMBERS = count()


def covering(name: str, *namespaces: str) -> CompiledPolicy:
    policy = model(f"namespaces: {list(namespaces)}" if namespaces else "scopes: []")
    named = policy.metadata.model_copy(update={"name": name})
    return compile_policy(policy.model_copy(update={"metadata": named}))


def governs(policies: PolicySet, namespace: str) -> str | None:
    policy = policies.govern(namespace)
    return policy.name if policy else None


def test_the_first_policy_that_covers_a_namespace_governs_it() -> None:
    policies = PolicySet([covering("old", "noxus", "x-*"), covering("young")])
    assert governs(policies, "noxus") == "old"
    assert governs(policies, "x-1") == "old"
    assert governs(policies, "shop") == "young"


def test_a_namespace_that_nobody_covers_is_governed_by_nobody() -> None:
    policies = PolicySet([covering("old", "noxus")])
    assert governs(policies, "shop") is None
    assert governs(policies, "shop") is None  # also when asked again
    assert governs(policies, "") is None


def test_no_policies_are_false_and_some_are_true() -> None:
    assert not PolicySet([])
    assert PolicySet([covering("a")])
    assert PolicySet([covering("a")], 4).generation == 4


def test_more_namespaces_than_are_remembered_are_answered_all_the_same() -> None:
    policies = PolicySet([covering("a", "n-?")])
    for number in range(policyset._REMEMBERED + 2):
        assert governs(policies, f"m-{number}") is None
    assert governs(policies, "n-1") == "a"
    assert len(policies._governing) < 10


def test_policies_that_share_a_namespace_are_in_conflict_and_the_older_governs() -> None:
    policies = PolicySet([covering("a", "noxus-*"), covering("b", "shop", "*-eu"), covering("c")])
    assert policies.conflicts() == [
        Conflict("a", "b", "*-eu"),
        Conflict("a", "c", "*"),
        Conflict("b", "c", "*"),
    ]


def test_policies_that_share_nothing_are_in_no_conflict() -> None:
    assert PolicySet([covering("a", "noxus"), covering("b", "shop-*")]).conflicts() == []


def test_without_a_number_a_set_is_of_generation_zero() -> None:
    assert PolicySet([]).generation == 0
