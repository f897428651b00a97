"""The oracle's arrangement, against the promised examples and against trying out every order."""

from itertools import combinations

import pytest

from tests.properties.by_hand import (
    POLICY,
    config_map,
    creation,
    elements,
    one,
    pod_of,
    secret,
    verdict,
)
from tests.properties.oracle_arrangement import arranged_env, arranged_env_from, ranks, shadowed
from tests.properties.oracle_environment import CannotStart, World, environment
from tests.properties.oracle_policy import Json, Source, source_of
from tests.properties.oracle_verdict import expected


@pytest.mark.parametrize(
    ("before", "role", "pool", "after"),
    [
        ("", "frontend", None, "app-env"),
        ("", "worker", "tenant-a", "app-env worker-env tenant-a-llm"),
        ("app-env *own", "worker", "tenant-a", "app-env *own worker-env tenant-a-llm"),
        ("tenant-a-llm app-env", "worker", "tenant-a", "app-env worker-env tenant-a-llm"),
        (
            "tenant-a-llm *own app-env",
            "worker",
            "tenant-a",
            "app-env *own worker-env tenant-a-llm",
        ),
        ("*own tenant-a-llm", "worker", "tenant-a", "*own app-env worker-env tenant-a-llm"),
        ("app-env *own app-env", "frontend", None, "*own app-env"),
        ("worker-env", "frontend", None, None),
        ("tenant-b-llm", "worker", "tenant-a", None),
        ("", "frontend", "tenant-a", None),
        # Beyond the examples: a worker without a pool, a pool without a Secret, pools unknown.
        ("", "worker", None, "app-env worker-env"),
        ("", "worker", "default", "app-env worker-env"),
        ("", "worker", "", "app-env worker-env"),
        ("", "worker", "off", None),
        ("", "worker", "nowhere", None),
        ("off-llm", "worker", None, None),
        ("", "nobody", "tenant-a", None),
        ("app-env", "nobody", None, None),
        ("*own", "nobody", None, "*own"),
        ("*a worker-env *b app-env *c", "worker", "tenant-a", "*a app-env *b worker-env *c"),
    ],
)
def test_the_oracle_arranges_the_examples_as_promised(
    before: str, role: str, pool: str | None, after: str | None
) -> None:
    request = creation(pod_of(role, pool, one(envFrom=elements(before))))

    answer = expected(request, [POLICY], validating=False, namespace_dry_run=False)

    assert answer.is_refused == (after is None)
    if after is not None:
        tail = " tenant-a-llm" if pool == "tenant-a" and "tenant-a-llm" not in after else ""
        wanted = elements(after + tail)
        assert answer.pod["spec"]["containers"][0].get("envFrom") == wanted


def by_trying_out(
    before: list[Json], spec: Json, granted: list[str], name: str
) -> list[list[Json]]:
    """Every list that keeps the promises of the arrangement, found by trying all of them."""
    rank = ranks(spec, granted, name)
    given = [secret(it) for it in ("app-env", "worker-env", "tenant-a-llm")]
    last = {source_of(it): i for i, it in enumerate(before)}
    kept = [
        it for i, it in enumerate(before) if source_of(it) not in rank or last[source_of(it)] == i
    ]
    unmanaged = [it for it in kept if source_of(it) not in rank]
    managed = sorted(
        [it for it in kept if it not in unmanaged] + [it for it in given if it not in kept],
        key=lambda it: rank[source_of(it)],  # type: ignore[index]
    )
    size = len(unmanaged) + len(managed)
    candidates = []
    for spots in combinations(range(size), len(managed)):
        sources, others = iter(managed), iter(unmanaged)
        candidates.append([next(sources if i in spots else others) for i in range(size)])

    def keeps_promises(candidate: list[Json]) -> bool:
        was_there = [it for it in candidate if it in kept]
        same_places = [it in unmanaged for it in was_there] == [it in unmanaged for it in kept]
        sits_right = all(
            i + 1 == size or (candidate[i + 1] not in unmanaged)
            for i, it in enumerate(candidate)
            if it not in kept and any(later in kept for later in managed[managed.index(it) :])
        )
        at_the_end = all(
            not any(other in unmanaged for other in candidate[i:])
            for i, it in enumerate(candidate)
            if it not in kept and not any(later in kept for later in managed[managed.index(it) :])
        )
        return same_places and sits_right and at_the_end

    return [candidate for candidate in candidates if keeps_promises(candidate)]


@pytest.mark.parametrize("seed", range(400))
def test_the_sort_keys_give_the_only_list_that_keeps_the_promises(seed: int) -> None:
    names = ["app-env", "worker-env", "tenant-a-llm", "*x", "*y", "app-env"]
    before = elements(" ".join(names[(seed // 6**i) % 6] for i in range(seed % 5)))
    granted = ["shared", "worker", "pool/tenant-a"]

    arranged = arranged_env_from(before, POLICY["spec"], granted, "api")

    assert by_trying_out(before, POLICY["spec"], granted, "api") == [arranged]


def test_only_the_optional_of_a_managed_source_is_corrected() -> None:
    before = [
        {"secretRef": {"name": "app-env", "optional": True}, "later": 1},
        {"secretRef": {"name": "own", "optional": True}},
    ]

    after = arranged_env_from(before, POLICY["spec"], ["shared"], "api")

    assert after == [{"secretRef": {"name": "app-env"}, "later": 1}, before[1]]


def test_another_prefix_is_another_source_but_the_same_secret() -> None:
    prefixed = secret("app-env", prefix="X_")

    after = arranged_env_from([prefixed], POLICY["spec"], ["shared"], "api")

    assert after == [prefixed, secret("app-env")]
    assert verdict(pod_of("frontend", None, one(envFrom=[prefixed])))
    assert not verdict(pod_of("sandbox", None, one(envFrom=[prefixed])))


def test_missing_variables_go_to_the_front_and_those_of_the_pod_stay() -> None:
    own = {"name": "LATE", "value": "$(PLUGIN_KEY)"}
    injected = POLICY["spec"]["scopes"][2]["env"][0]
    shadow = {"name": "PLUGIN_KEY", "value": "mine"}
    spec = POLICY["spec"]

    assert arranged_env([own], spec, ["plugin-keys"], "api") == [injected, own]
    assert arranged_env([own], spec, ["plugin-keys"], "plugin-1") == [injected, own]
    assert arranged_env([own], spec, ["plugin-keys"], "web") == [own]
    assert arranged_env([own, shadow], spec, ["plugin-keys"], "api") == [own, shadow]
    assert shadowed({"name": "api", "env": [shadow]}, spec, ["plugin-keys"]) == ["PLUGIN_KEY"]
    assert not shadowed({"name": "api", "env": [shadow, injected]}, spec, ["plugin-keys"])


def test_env_beats_env_from_and_a_later_element_an_earlier_one() -> None:
    world = World({"a": {"X": "a", "Y": "a"}, "b": {"X": "b"}}, {"c": {"Z": "c"}})
    container = {
        "envFrom": [secret("a"), secret("b"), {**config_map("c"), "prefix": "P_"}],
        "env": [
            {"name": "W", "value": "$(X)-$(V)-$$(X)"},
            {"name": "V", "valueFrom": {"secretKeyRef": {"name": "a", "key": "Y"}}},
            {"name": "Y", "value": "own"},
            {
                "name": "U",
                "valueFrom": {"secretKeyRef": {"name": "n", "key": "k", "optional": True}},
            },
        ],
    }

    assert environment(container, world) == {
        "X": "b",
        "Y": "own",
        "P_Z": "c",
        "W": "b-$(V)-$(X)",
        "V": "a",
    }


def test_a_missing_source_stops_the_container_unless_it_is_optional() -> None:
    with pytest.raises(CannotStart):
        environment({"envFrom": [secret("gone")]}, World())
    optional = {"secretRef": {"name": "gone", "optional": True}}
    assert environment({"envFrom": [optional]}, World()) == {}


def test_the_annotation_lists_what_was_granted_and_is_removed_with_it() -> None:
    def annotation(pod: Json) -> Json:
        pod["metadata"]["annotations"] = {"secrets.noxus.ai/injected": "forged", "keep": "1"}
        answer = expected(creation(pod), [POLICY], validating=False, namespace_dry_run=False)
        annotations: Json = answer.pod["metadata"]["annotations"]
        return annotations

    injected = {"keep": "1", "secrets.noxus.ai/injected": "shared,worker,pool/tenant-a"}
    assert annotation(pod_of("worker", "tenant-a", one())) == injected
    assert annotation(pod_of("relay", None, one())) == {"keep": "1"}


def test_the_rank_of_a_source_is_its_last_granted_place() -> None:
    spec = {
        "scopes": [
            {"name": name, "roles": ["worker"], "envFrom": elements(sources)}
            for name, sources in (("one", "x y"), ("two", "z"), ("three", "x w"))
        ]
    }

    def names(granted: list[str]) -> list[str]:
        rank = ranks(spec, granted, "api")
        return [it.name for it in sorted(rank, key=rank.__getitem__)]

    assert names(["one", "two", "three"]) == ["y", "z", "x", "w"]
    assert names(["one", "two"]) == ["x", "y", "z", "w"]
    assert names(["two"]) == ["y", "z", "x", "w"]
    assert Source("Secret", "x", "") in ranks(spec, [], "api")
