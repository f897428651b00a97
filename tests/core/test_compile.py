"""A policy becomes tables that say the same."""

import json

import pytest

from tests.core.kit import CIRCLES, model, policy
from webhook.core.compile import compile_policy
from webhook.core.tables import POOL_RANK, CompiledRule


def rule(**selector: object) -> CompiledRule:
    spec = json.dumps({"identity": {"rules": [{"selector": selector, "role": "worker"}]}})
    return policy(spec).rules[0]


@pytest.mark.parametrize(
    ("operator", "values", "absent", "in_values", "other"),
    [
        ("In", ["a", "b"], False, True, False),
        ("NotIn", ["a", "b"], True, False, True),
        ("Exists", [], False, True, True),
        ("DoesNotExist", [], True, False, False),
    ],
)
def test_expressions_of_a_selector_hold_as_in_kubernetes(
    operator: str, values: list[str], *, absent: bool, in_values: bool, other: bool
) -> None:
    compiled = rule(matchExpressions=[{"key": "k", "operator": operator, "values": values}])
    assert compiled.matches({}) is absent
    assert compiled.matches({"k": "a"}) is in_values
    assert compiled.matches({"k": "z"}) is other


def test_all_labels_and_all_expressions_of_a_selector_must_hold() -> None:
    compiled = rule(
        matchLabels={"a": "1", "b": ""},
        matchExpressions=[{"key": "c", "operator": "Exists"}, {"key": "d", "operator": "Exists"}],
    )
    everything = {"a": "1", "b": "", "c": "", "d": "x", "more": "y"}
    assert compiled.matches(everything)
    for key in "abcd":
        assert not compiled.matches({k: v for k, v in everything.items() if k != key})


def test_an_empty_selector_matches_every_pod() -> None:
    assert rule().matches({})
    assert rule().matches({"a": "b"})


def test_sources_are_ranked_in_the_order_of_the_scopes_and_pools_come_last() -> None:
    ranks = policy(CIRCLES).ranks
    assert ranks == {
        ("Secret", "app-env", ""): (0, False),
        ("Secret", "worker-env", ""): (1, False),
        ("Secret", "tenant-a-llm", ""): (POOL_RANK, False),
        ("Secret", "tenant-b-llm", ""): (POOL_RANK, False),
    }


def test_a_source_that_is_repeated_has_its_last_rank() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker], envFrom: [{secretRef: {name: s}}, {secretRef: {name: t}}]}
      - {name: b, roles: [beat], envFrom: [{secretRef: {name: s}}]}
    """
    assert policy(spec).ranks == {("Secret", "s", ""): (2, False), ("Secret", "t", ""): (1, False)}


def test_values_are_written_as_kubernetes_writes_them() -> None:
    spec = """
    scopes:
      - name: a
        roles: [worker]
        envFrom:
          - {secretRef: {name: s}}
          - {prefix: P_, secretRef: {name: s, optional: true}}
          - {configMapRef: {name: c, optional: false}}
        env:
          - {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}
          - {name: B, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
    """
    scope = policy(spec).scopes["a"]
    assert [json.loads(bytes(source.value)) for source in scope.sources] == [
        {"secretRef": {"name": "s"}},
        {"prefix": "P_", "secretRef": {"name": "s", "optional": True}},
        {"configMapRef": {"name": "c"}},
    ]
    assert [json.loads(bytes(variable.value)) for variable in scope.variables] == [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
    ]


def test_each_secret_of_any_scope_or_pool_is_managed_with_its_holders() -> None:
    spec = """
    scopes:
      - name: whole
        roles: [worker]
        envFrom: [{secretRef: {name: s}}, {prefix: P_, secretRef: {name: s}}]
      - name: keys
        roles: [worker]
        onRequest: true
        env:
          - {name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}
          - {name: B, valueFrom: {secretKeyRef: {name: s, key: b}}}
      - name: config
        roles: [worker]
        envFrom: [{configMapRef: {name: c}}]
    worker:
      pools:
        off: {enabled: false, envSecretRef: off-env}
        none: {}
    """
    compiled = policy(spec)
    assert {
        name: [(holder.scope.name, holder.keys) for holder in holders]
        for name, holders in compiled.managed.items()
    } == {
        "s": [("whole", None), ("keys", frozenset({"a", "b"}))],
        "off-env": [("pool/off", None)],
    }
    assert set(compiled.pools) == {"none"}


def test_what_comes_by_itself_is_listed_by_role() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker, beat], envFrom: [{secretRef: {name: s}}]}
      - {name: b, roles: [worker], onRequest: true, envFrom: [{secretRef: {name: t}}]}
      - {name: c, roles: [worker], envFrom: [{secretRef: {name: u}}]}
    """
    automatic = policy(spec).automatic
    by_role = {role: [scope.name for scope in scopes] for role, scopes in automatic.items()}
    assert {role: names for role, names in by_role.items() if names} == {
        "worker": ["a", "c"],
        "beat": ["a"],
    }


def test_a_scope_for_named_containers_gives_nothing_to_every_container() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker], envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c}}]}
      - {name: b, roles: [worker], containers: [x], envFrom: [{secretRef: {name: t}}]}
    """
    scopes = policy(spec).scopes
    assert scopes["a"].given == {"s"}
    assert scopes["b"].given == set()


def test_the_generation_is_that_of_the_resource_or_counts_loads() -> None:
    written = model("scopes: []")
    assert compile_policy(written).label == "noxus/0"
    assert compile_policy(written, 7).label == "noxus/7"
    metadata = written.metadata.model_copy(update={"generation": 3})
    resource = written.model_copy(update={"metadata": metadata})
    assert compile_policy(resource, 7).label == "noxus/3"


def test_without_namespaces_every_namespace_is_covered() -> None:
    assert policy("scopes: []").namespace_globs == ("*",)
    assert policy("namespaces: [a]").namespace_globs == ("a",)


def test_a_pool_is_a_scope_of_its_own_that_every_container_is_given_whole() -> None:
    pools = policy("worker: {pools: {a: {envSecretRef: a-llm}, b: {envSecretRef: ''}}}").pools

    assert (pools["a"].given, pools["b"].given) == ({"a-llm"}, frozenset())
    assert {(it.index, it.on_request, it.containers) for it in pools.values()} == {
        (-1, False, None)
    }
