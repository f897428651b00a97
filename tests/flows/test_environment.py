"""A name comes from where Kubernetes takes it, and "perhaps" where nobody can know."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core import kit
from webhook.flows.environment import Certainty, Layer, Reader, Resolution, known
from webhook.flows.readers import WITHOUT_POOL, of_policy

Json = Any


def reader(*layers: Layer) -> Reader:
    return Reader("w", "noxus", None, layers)


def keys(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_the_last_source_that_holds_a_name_wins_over_those_before() -> None:
    worker = reader(Layer("a", "s", keys=keys("K")), Layer("b", "t", keys=keys("K", "L")))

    assert worker.resolve("K") == Resolution(Certainty.YES, "b", (), ("a",))
    assert worker.resolve("L") == Resolution(Certainty.YES, "b", (), ())
    assert worker.resolve("M") == Resolution(Certainty.NO, "", (), ())


def test_a_source_whose_keys_are_not_known_may_win_or_lose() -> None:
    worker = reader(Layer("a", "s"), Layer("b", "t", keys=keys("K")), Layer("c", "u"))

    assert worker.resolve("K") == Resolution(Certainty.YES, "b", ("c",), ("a",))
    assert worker.resolve("L") == Resolution(Certainty.PERHAPS, "", ("c", "a"), ())


def test_a_prefix_is_part_of_the_name() -> None:
    worker = reader(Layer("a", "s", "LLM_", keys("KEY")), Layer("b", "t", "X_"))

    assert worker.resolve("LLM_KEY").winner == "a"
    assert worker.resolve("KEY").nowhere
    assert worker.resolve("X_ANY").perhaps == ("b",)


def test_a_source_on_a_condition_is_perhaps_there_with_the_condition() -> None:
    worker = reader(Layer("a", "s", keys=keys("K"), condition="on request"))

    assert worker.resolve("K") == Resolution(Certainty.PERHAPS, "", ("a (on request)",), ())


def test_keys_that_were_told_fill_in_what_was_not_known() -> None:
    layers = (Layer("a", "s"), Layer("b", "t", keys=keys("K")), Layer("c", "u", condition="x"))

    assert known(layers, {"a": keys("L"), "b": keys("Z"), "c": keys("M")}) == (
        Layer("a", "s", keys=keys("L")),
        Layer("b", "t", keys=keys("K")),
        Layer("c", "u", keys=keys("M"), condition="x"),
    )


def test_a_policy_gives_a_reader_for_each_pool_of_the_namespace_and_one_without() -> None:
    assert [it.title for it in of_policy(kit.policy(kit.CIRCLES), "noxus")] == [
        WITHOUT_POOL,
        "tenant-a",
        "tenant-b",
    ]
    assert [it.title for it in of_policy(kit.policy(kit.CIRCLES), "elsewhere")] == [WITHOUT_POOL]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("onRequest: true", "on request"),
        ("serviceAccounts: [b, a]", "ServiceAccount a or b"),
        ("containers: [main]", "in some containers"),
    ],
)
def test_what_only_a_real_pod_can_meet_becomes_a_condition(condition: str, said: str) -> None:
    policy = kit.policy(
        "scopes:\n"
        f"  - {{name: s, roles: [worker], {condition}, envFrom: [{{secretRef: {{name: a}}}}]}}"
    )

    (worker,) = of_policy(policy, "noxus")

    assert worker.layers == (Layer("a", "s", condition=said),)


# The independent statement: inject into a real pod, then read its environment as a kubelet does.
SECRETS = st.sampled_from(["s0", "s1", "s2", "s3"])
NAMES = ["A", "B", "C", "P_A"]
SOURCE = st.tuples(SECRETS, st.sampled_from(["", "P_"]))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, dict[str, frozenset[str]]]:
    """Draw the spec of a policy, and the keys of its Secrets."""
    scopes = []
    used: set[tuple[str, str]] = set()
    for i in range(draw(st.integers(1, 3))):
        sources = [it for it in draw(st.lists(SOURCE, max_size=3, unique=True)) if it not in used]
        used |= set(sources)
        from_ = ", ".join(
            f"{{prefix: '{prefix}', secretRef: {{name: {name}}}}}" if prefix
            else f"{{secretRef: {{name: {name}}}}}"
            for name, prefix in sources
        )  # fmt: skip
        variables = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
        if not sources and not variables:
            variables = ["A"]
        env = ", ".join(
            f"{{name: {name}, valueFrom: {{secretKeyRef: {{name: e{i}, key: k}}}}}}"
            for name in variables
        )
        scopes.append(f"  - {{name: scope{i}, roles: [worker], envFrom: [{from_}], env: [{env}]}}")
    spec = "\n".join(["scopes:", *scopes, "worker: {pools: {p: {envSecretRef: pool-secret}}}"])
    some = st.frozensets(st.sampled_from(["A", "B", "C"]))
    return spec, {name: draw(some) for name in ("s0", "s1", "s2", "s3", "pool-secret")}


def environment(container: Json, secrets: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Build the environment as a kubelet does: variable -> the Secret that it came from."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        name = source["secretRef"]["name"]
        found |= {source.get("prefix", "") + key: name for key in secrets[name]}
    for variable in container.get("env") or ():
        found[variable["name"]] = variable["valueFrom"]["secretKeyRef"]["name"]
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(worlds(), st.sampled_from(["", "p"]))
def test_a_name_resolves_to_what_an_injected_pod_would_read(
    world: tuple[str, dict[str, frozenset[str]]], pool: str
) -> None:
    spec, secrets = world
    before = kit.of_role("worker", pool=pool)
    stored = kit.patched(before, kit.ask(spec, before))
    expected = environment(stored["spec"]["containers"][0], secrets)

    readers = {it.title: it for it in of_policy(kit.policy(spec), "noxus")}
    layers = known(readers[pool or WITHOUT_POOL].layers, secrets)

    worker = Reader("w", "noxus", pool, layers)
    assert {name: worker.resolve(name).winner for name in (*NAMES, "P_B")} == {
        name: expected.get(name, "") for name in (*NAMES, "P_B")
    }
