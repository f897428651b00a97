"""Who a pod is: rules first, then labels, then nobody."""

import pytest

from tests.core.kit import labelled, pod, policy
from webhook.core.identity import Identity, identify

NO_RULES = "scopes: []"


def identity(spec: str, labels: dict[str, str]) -> Identity:
    return identify(pod(labelled(labels)), policy(spec))


def test_the_role_label_decides() -> None:
    assert identity(NO_RULES, {"noxus.ai/role": "worker"}) == Identity(
        "worker", None, role_label="noxus.ai/role", role_value="worker"
    )


def test_the_pool_label_says_the_pool() -> None:
    labels = {"noxus.ai/role": "worker", "noxus.ai/worker-pool": "tenant-a"}
    assert identity(NO_RULES, labels) == Identity(
        "worker",
        "tenant-a",
        role_label="noxus.ai/role",
        role_value="worker",
        pool_label="noxus.ai/worker-pool",
    )


def test_a_pool_is_claimed_without_a_role_too() -> None:
    assert identity(NO_RULES, {"noxus.ai/worker-pool": "tenant-a"}) == Identity(
        None, "tenant-a", pool_label="noxus.ai/worker-pool"
    )


def test_an_empty_pool_label_claims_no_pool() -> None:
    assert identity(NO_RULES, {"noxus.ai/worker-pool": ""}).pool is None


def test_no_label_is_no_role() -> None:
    assert identity(NO_RULES, {}) == Identity(None, None)


@pytest.mark.parametrize("value", ["", "Worker", "wroker"])
def test_a_value_that_is_no_known_role_is_no_role(value: str) -> None:
    assert identity(NO_RULES, {"noxus.ai/role": value}) == Identity(
        None, None, role_label="noxus.ai/role", role_value=value
    )


def test_the_first_role_label_that_the_pod_carries_decides_even_if_it_says_nonsense() -> None:
    spec = "identity: {roleLabels: [a, b, c], poolLabels: [p, q]}"
    labels = {"b": "nonsense", "c": "worker", "q": "one"}
    assert identity(spec, labels) == Identity(
        None, "one", role_label="b", role_value="nonsense", pool_label="q"
    )


def test_an_alias_is_a_role_by_another_name_and_wins_over_a_role_of_that_name() -> None:
    spec = "identity: {aliases: {noxus-worker: worker, frontend: backend}}"
    assert identity(spec, {"noxus.ai/role": "noxus-worker"}).role == "worker"
    assert identity(spec, {"noxus.ai/role": "noxus-worker"}).role_value == "noxus-worker"
    assert identity(spec, {"noxus.ai/role": "frontend"}).role == "backend"


def test_the_policy_may_add_roles() -> None:
    spec = "identity: {roles: [indexer]}"
    assert identity(spec, {"noxus.ai/role": "indexer"}).role == "indexer"
    assert identity(NO_RULES, {"noxus.ai/role": "indexer"}).role is None


RULES = """
identity:
  rules:
    - {selector: {matchLabels: {app: a, tier: web}}, role: frontend}
    - {selector: {matchLabels: {app: a}}, role: worker, pool: fixed}
    - {selector: {matchExpressions: [{key: app, operator: Exists}]}, role: worker, poolFrom: tenant}
"""


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"app": "a", "tier": "web"}, Identity("frontend", None, rule=0)),
        ({"app": "a"}, Identity("worker", "fixed", rule=1)),
        ({"app": "b", "tenant": "t"}, Identity("worker", "t", rule=2, pool_label="tenant")),
        ({"app": "b", "tenant": ""}, Identity("worker", None, rule=2, pool_label="tenant")),
        ({"app": "b"}, Identity("worker", None, rule=2, pool_label="tenant")),
    ],
)
def test_the_first_rule_that_matches_decides_about_role_and_pool(
    labels: dict[str, str], expected: Identity
) -> None:
    assert identity(RULES, labels) == expected


def test_a_rule_comes_before_the_labels_and_leaves_the_pool_label_unread() -> None:
    labels = {"app": "a", "tier": "web", "noxus.ai/role": "worker", "noxus.ai/worker-pool": "x"}
    assert identity(RULES, labels) == Identity("frontend", None, rule=0)


def test_where_no_rule_matches_the_labels_decide() -> None:
    assert identity(RULES, {"noxus.ai/role": "beat"}).role == "beat"


def test_the_annotations_and_the_name_say_nothing_about_the_role() -> None:
    annotated = labelled({}, annotations={"noxus.ai/role": "worker"})
    assert identify(pod(annotated), policy(NO_RULES)) == Identity(None, None)
