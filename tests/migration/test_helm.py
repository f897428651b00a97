"""Pools go from Helm values into a policy and back, and lose nothing on the way."""

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webhook.loading.load import load_text
from webhook.migration.helm import (
    FIELDS,
    Imported,
    NotValuesError,
    pools_of_values,
    values_of_pools,
)

Json = dict[str, Any]


def values(pools: object) -> Json:
    return {"worker": {"pools": pools}, "ingress": {"enabled": True}}


def test_pools_keep_the_fields_that_noxus_documents() -> None:
    imported = pools_of_values(
        values({"a": {"envSecretRef": "a-llm", "replicaCount": 2, "nonsense": 1}, "b": None})
    )

    assert imported == Imported(
        {"a": {"envSecretRef": "a-llm", "replicaCount": 2}, "b": {}},
        ("pool a: nonsense is no field that Noxus documents, and is left out",),
    )


def test_the_older_list_is_recognised_and_explained_by_names_alone() -> None:
    imported = pools_of_values(
        values(
            [
                {
                    "name": "finance",
                    "replicaCount": 1,
                    "extraEnv": [{"name": "BANK_KEY", "value": "hunter2"}, "nonsense"],
                    "extraSecretMounts": "nonsense",
                }
            ]
        )
    )

    assert imported == Imported(
        {"finance": {"replicaCount": 1}},
        (
            (
                "worker.pools is a list, as an older page of Noxus writes it; charts that take "
                "envSecretRef want a map by the pools' names, as it is written here"
            ),
            (
                "pool finance: extraEnv (BANK_KEY) is left out: put its keys into one Secret, and "
                "name that in envSecretRef"
            ),
            (
                "pool finance: extraSecretMounts (what it holds) is left out: put its keys into "
                "one Secret, and name that in envSecretRef"
            ),
        ),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "there is no worker.pools in it, the map of pools by their name"),
        ({"worker": None}, "there is no worker.pools in it, the map of pools by their name"),
        (values("a"), "there is no worker.pools in it, the map of pools by their name"),
        (values({"a": "b"}), "worker.pools.a is no map of a pool's fields"),
        (values([{}]), "worker.pools[0] has no name, by which a pool is known"),
        (values(["a"]), "worker.pools[0] has no name, by which a pool is known"),
        (
            values([{"name": "a"}, {"name": "a"}]),
            "two pools of worker.pools are called a: rename one",
        ),
    ],
)
def test_what_holds_no_pools_is_refused_with_the_reason(document: object, message: str) -> None:
    with pytest.raises(NotValuesError) as refused:
        pools_of_values(document)

    assert str(refused.value) == message


def test_what_the_chart_has_no_field_for_is_told() -> None:
    assert values_of_pools({"a": {"envSecretRef": "x", "namespaces": ["n"]}, "b": {}}) == (
        {"worker": {"pools": {"a": {"envSecretRef": "x"}, "b": {}}}},
        ("pool a: namespaces stays in the policy: the chart has no such field",),
    )


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
ANY = st.one_of(st.integers(0, 9), st.text("ab", max_size=3), st.dictionaries(NAMES, st.integers()))
POOLS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {}, optional={field: ANY for field in FIELDS if field not in {"enabled", "envSecretRef"}}
    ).flatmap(
        lambda rest: st.fixed_dictionaries(
            {}, optional={"enabled": st.booleans(), "envSecretRef": NAMES | st.just("")}
        ).map(lambda own: {**rest, **own})
    ),
    max_size=4,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(POOLS)
def test_values_become_a_policy_and_the_same_values_again(pools: dict[str, Json]) -> None:
    policy = {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {"name": "noxus"},
        "spec": {"worker": {"pools": pools_of_values(values(pools)).pools}},
    }

    loaded = load_text(yaml.safe_dump(policy))
    models = loaded.sources[0].policy.spec.worker.pools
    back, left_out = values_of_pools(
        {
            name: pool.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for name, pool in models.items()
        }
    )

    assert back == {"worker": {"pools": pools}}
    assert left_out == ()
