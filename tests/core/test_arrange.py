"""Sources come into the policy's order, whatever stood there before, and nothing else changes.

Every operation is applied with jsonpatch and compared with `arranged`, which says the rules again
in the plainest way: it knows nothing of ranks, places or operations.
"""

import json
from collections.abc import Sequence
from itertools import product

import jsonpatch
import pytest

from tests.core.kit import Json, plain, pod, policy, secret
from webhook.core.arrange import arrange, plan, source_key
from webhook.core.tables import CompiledPolicy

# A, B and C are granted in this order; M is a ConfigMap of a scope that is not granted, between B
# and C; x and y are the pod's own.
ORDER = "ABMC"
GRANTED = "ABC"
POLICY = (
    """
scopes:
  - {name: a, roles: [worker], envFrom: [{secretRef: {name: A}}, {secretRef: {name: B}}]}
  - {name: m, roles: [beat], envFrom: [{configMapRef: {name: M}}]}
  - {name: c, roles: [worker], envFrom: [{secretRef: {name: C}}]}
""".replace("name: A}", "name: a}")
    .replace("name: B}", "name: b}")
    .replace("name: C}", "name: c}")
)


def compiled() -> CompiledPolicy:
    return policy(POLICY.replace("name: M}", "name: m}"))


def element(letter: str) -> Json:
    name = letter.lower()
    return {"configMapRef": {"name": name}} if letter == "M" else {"secretRef": {"name": name}}


def letter(written: Json) -> str:
    name: str = (written.get("secretRef") or written.get("configMapRef"))["name"]
    return name.upper() if name.upper() in ORDER else name


def arranged(before: Sequence[str], granted: str = GRANTED) -> str:
    """Say what must come of a list: drop repeats, sort into places held, add what is missing."""
    kept = [x for i, x in enumerate(before) if x not in ORDER or x not in before[i + 1 :]]
    managed = iter(sorted((x for x in kept if x in ORDER), key=ORDER.index))
    result = [next(managed) if x in ORDER else x for x in kept]
    for missing in (x for x in granted if x not in result):
        behind = [x for x in result if x in ORDER and ORDER.index(x) > ORDER.index(missing)]
        result.insert(result.index(behind[0]) if behind else len(result), missing)
    return "".join(result)


def after(compiled_policy: CompiledPolicy, container: Json, *scopes: str) -> Json:
    """Arrange one container by the program, and apply what it says with jsonpatch."""
    obj = {"spec": {"containers": [{"name": "main", **container}]}}
    view = pod(obj).spec
    assert view
    assert view.containers
    wanted = plan([compiled_policy.scopes[name] for name in scopes], "main")
    operations = arrange(view.containers[0], wanted, compiled_policy, "/spec/containers/0")
    patched = jsonpatch.apply_patch(obj, plain(operations))
    again = pod(patched).spec
    assert again
    assert again.containers
    assert arrange(again.containers[0], wanted, compiled_policy, "/spec/containers/0") == []
    return patched["spec"]["containers"][0]


@pytest.mark.parametrize("length", range(5))
def test_every_list_of_sources_comes_into_order(length: int) -> None:
    compiled_policy = compiled()
    for before in product("ABCMxy", repeat=length):
        own = [{"envFrom": [element(x) for x in before]}] if before else [{}, {"envFrom": []}]
        for container in own:
            result = after(compiled_policy, container, "a", "c")
            assert "".join(map(letter, result["envFrom"])) == arranged(before), before


@pytest.mark.parametrize("length", range(5))
def test_where_nothing_is_granted_managed_sources_are_put_in_order_all_the_same(
    length: int,
) -> None:
    compiled_policy = compiled()
    for before in product("MAx", repeat=length):
        container = {"envFrom": [element(x) for x in before]} if before else {}
        result = after(compiled_policy, container)
        assert "".join(map(letter, result.get("envFrom", []))) == arranged(before, granted="")


def test_an_absent_list_stays_absent_where_nothing_is_granted() -> None:
    assert after(compiled(), {}) == {"name": "main"}
    assert after(compiled(), {"envFrom": None}) == {"name": "main", "envFrom": None}


def test_a_null_list_is_replaced() -> None:
    assert [letter(x) for x in after(compiled(), {"envFrom": None}, "c")["envFrom"]] == ["C"]


def test_elements_that_move_keep_fields_that_nobody_knows() -> None:
    elements = [
        {"secretRef": {"name": "c"}, "future": {"deep": [1]}},
        {"secretRef": {"name": "mine"}, "x": None},
        {"secretRef": {"name": "a", "later": 1}},
        {"secretRef": {"name": "b"}},
    ]
    result = after(compiled(), {"envFrom": elements}, "a", "c")
    assert result["envFrom"] == [elements[2], elements[1], elements[3], elements[0]]


def test_elements_that_are_no_proper_source_are_left_where_they_are() -> None:
    odd: list[Json] = [{}, {"prefix": "P"}, {"secretRef": {"name": "a"}, "configMapRef": {}}]
    result = after(compiled(), {"envFrom": [*odd, element("B")]}, "a")
    assert result["envFrom"] == [*odd, element("A"), element("B")]


OPTIONAL = """
scopes:
  - name: s
    roles: [worker]
    envFrom:
      - {secretRef: {name: req}}
      - {secretRef: {name: opt, optional: true}}
      - {configMapRef: {name: config, optional: true}}
"""
RIGHT = [
    {"secretRef": {"name": "req"}},
    {"secretRef": {"name": "opt", "optional": True}},
    {"configMapRef": {"name": "config", "optional": True}},
]


@pytest.mark.parametrize(
    "elements",
    [
        [],
        [{"secretRef": {"name": "req", "optional": True}}],
        [{"secretRef": {"name": "opt"}}],
        [{"secretRef": {"name": "opt", "optional": False}}],
        [{"secretRef": {"name": "opt", "optional": None}}],
        [{"configMapRef": {"name": "config"}}],
        [{"configMapRef": {"name": "config"}}, {"secretRef": {"name": "req", "optional": True}}],
        RIGHT,
    ],
)
def test_optional_becomes_the_policy_s(elements: list[Json]) -> None:
    assert after(policy(OPTIONAL), {"envFrom": elements}, "s")["envFrom"] == RIGHT


@pytest.mark.parametrize("optional", [False, None])
def test_what_says_that_it_is_not_optional_is_left_as_it_is(*, optional: bool | None) -> None:
    same = [{"secretRef": {"name": "req", "optional": optional}}, *RIGHT[1:]]
    assert after(policy(OPTIONAL), {"envFrom": same}, "s")["envFrom"] == same


def test_another_prefix_is_another_source_and_an_empty_one_is_none() -> None:
    spec = """
    scopes:
      - name: s
        roles: [worker]
        envFrom: [{secretRef: {name: x}}, {prefix: P_, secretRef: {name: x}}]
    """
    elements = [secret("x", "P_"), secret("x", "Q_"), {"prefix": "", "secretRef": {"name": "x"}}]
    assert after(policy(spec), {"envFrom": elements}, "s")["envFrom"] == [
        elements[2],
        elements[1],
        elements[0],
    ]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ({"secretRef": {"name": "a"}}, ("Secret", "a", "")),
        ({"prefix": "P", "secretRef": {"name": "a"}}, ("Secret", "a", "P")),
        ({"configMapRef": {"name": "a"}}, ("ConfigMap", "a", "")),
        ({"configMapRef": {}}, ("ConfigMap", "", "")),
        ({"secretRef": {}}, ("Secret", "", "")),
        ({}, None),
        ({"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}}, None),
    ],
)
def test_a_source_is_identified_by_kind_name_and_prefix(
    written: Json, key: tuple[str, str, str] | None
) -> None:
    view = pod({"spec": {"containers": [{"envFrom": [written]}]}}).spec
    assert view
    assert view.containers
    (container,) = view.containers
    assert container.envFrom
    assert source_key(container.envFrom[0]) == key


VARIABLES = """
scopes:
  - name: one
    roles: [worker]
    env:
      - {name: T, valueFrom: {secretKeyRef: {name: old, key: t}}}
      - {name: S, valueFrom: {secretKeyRef: {name: old, key: s}}}
  - name: two
    roles: [worker]
    containers: [main]
    env: [{name: T, valueFrom: {secretKeyRef: {name: new, key: t}}}]
"""


def reads(name: str, secret_name: str) -> Json:
    reference = {"name": secret_name, "key": name.lower()}
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


OWN = {"name": "URL", "value": "https://x?k=$(T)"}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ([], [reads("S", "old"), reads("T", "new")]),
        ([OWN], [reads("S", "old"), reads("T", "new"), OWN]),
        (
            [OWN, {"name": "T", "value": "own"}],
            [reads("S", "old"), OWN, {"name": "T", "value": "own"}],
        ),
        ([reads("T", "new"), reads("S", "old")], [reads("T", "new"), reads("S", "old")]),
    ],
)
def test_missing_variables_go_to_the_front_and_the_pod_s_own_stay(
    env: list[Json], expected: list[Json]
) -> None:
    for container in [{"env": env}] if env else [{}, {"env": None}, {"env": []}]:
        assert after(policy(VARIABLES), container, "one", "two")["env"] == expected


def test_variables_of_a_scope_that_does_not_reach_the_container_are_not_added() -> None:
    scopes = policy(VARIABLES).scopes.values()
    assert [(v.name, v.secret) for v in plan(scopes, "other").variables] == [
        ("T", "old"),
        ("S", "old"),
    ]


def test_of_a_source_of_several_scopes_the_last_place_counts() -> None:
    spec = """
    scopes:
      - {name: a, roles: [worker], envFrom: [{secretRef: {name: s}}, {secretRef: {name: t}}]}
      - {name: b, roles: [worker], envFrom: [{secretRef: {name: s}}]}
    """
    compiled_policy = policy(spec)
    for before in ([], [secret("s"), secret("t")], [secret("s"), secret("x"), secret("s")]):
        names = [
            x["secretRef"]["name"]
            for x in after(compiled_policy, {"envFrom": before}, "a", "b")["envFrom"]
        ]
        assert [name for name in names if name != "x"] == ["t", "s"]
    only_a = after(compiled_policy, {"envFrom": [secret("t")]}, "a")["envFrom"]
    assert only_a == [secret("s"), secret("t")]


def test_operations_are_as_few_as_the_change_needs() -> None:
    view = pod({"spec": {"containers": [{"envFrom": [element(x) for x in "CBA"]}]}}).spec
    assert view
    assert view.containers
    compiled_policy = compiled()
    wanted = plan([compiled_policy.scopes["a"], compiled_policy.scopes["c"]], "")
    operations = arrange(view.containers[0], wanted, compiled_policy, "/p")
    assert json.dumps(plain(operations)) == json.dumps(
        [
            {"op": "move", "path": "/p/envFrom/0", "from": "/p/envFrom/2"},
            {"op": "move", "path": "/p/envFrom/2", "from": "/p/envFrom/1"},
        ]
    )
