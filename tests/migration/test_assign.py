"""Each key goes where somebody says that it belongs, and what nobody knows is asked for."""

import pytest

from tests.core import kit
from webhook.migration.assign import Assigned, Place, UnknownPlaceError, assign, places

POLICY = """
scopes:
  - {name: some, roles: [backend], envFrom: [{secretRef: {name: backend-env}}]}
  - {name: shared, roles: [frontend, backend, worker], envFrom: [{secretRef: {name: app-env}}]}
  - {name: asked, roles: [frontend, backend, worker, relay], onRequest: true,
     envFrom: [{secretRef: {name: asked-env}}]}
  - {name: config, roles: [worker], envFrom: [{configMapRef: {name: settings}}]}
  - {name: worker, roles: [worker], envFrom: [{secretRef: {name: worker-env}}]}
  - name: keys
    roles: [backend]
    env:
      - name: PLUGIN_SERVER_API_KEY
        valueFrom: {secretKeyRef: {name: plugin-secrets, key: api-key}}
worker: {pools: {tenant-a: {envSecretRef: tenant-a-llm}, none: {envSecretRef: ""}}}
"""
PLACES = places(kit.model(POLICY).spec, "noxus")


def test_a_policy_is_taken_apart_into_places() -> None:
    assert list(PLACES.whole) == ["some", "shared", "asked", "worker", "pool/tenant-a"]
    assert PLACES.shared == Place("shared", "app-env")
    assert PLACES.worker == Place("worker", "worker-env")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("POSTGRESQL_URL", ("app-env", "POSTGRESQL_URL", "global (documented)")),
        ("REDIS_PASSWORD", ("app-env", "REDIS_PASSWORD", "global (inferred)")),
        (
            "PLUGIN_SERVER_API_KEY",
            ("plugin-secrets", "api-key", "scope keys reads it by its name"),
        ),
        ("SAID", ("tenant-a-llm", "SAID", "by --assign")),
        ("OWN", ("worker-env", "OWN", "by --unassigned")),
        ("NANGO_SECRET_KEY", ("worker-env", "NANGO_SECRET_KEY", "by --unassigned")),
    ],
)
def test_a_key_goes_where_a_flag_a_scope_or_noxus_says(
    key: str, expected: tuple[str, str, str]
) -> None:
    (found,) = assign([key], PLACES, {"SAID": "pool/tenant-a"}, "worker")

    assert found.place is not None
    assert (found.place.secret, found.secret_key, found.why) == expected


def test_a_key_of_the_customers_own_is_asked_for() -> None:
    assert assign(["OWN"], PLACES, {}, None) == [
        Assigned("OWN", None, "OWN", "say who may read it: --assign OWN=SCOPE")
    ]


def test_what_is_no_secret_stays_where_it_is() -> None:
    queue, client = assign(["WORKER_SUBSCRIBE", "NOXUS_API_KEY"], PLACES, {}, "worker")

    assert (queue.place, queue.skipped) == (None, True)
    assert queue.why == "decides how a service runs: keep it in the chart's values"
    assert (client.place, client.skipped) == (None, True)
    assert client.why == "is for programs that call the API: no pod reads it"


def test_a_scope_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownPlaceError) as refused:
        assign(["A"], PLACES, {"A": "pool/none"}, None)

    assert str(refused.value) == (
        "there is no scope or pool 'pool/none' that reads a whole Secret in namespace noxus; there "
        "is: some, shared, asked, worker, pool/tenant-a"
    )


def test_a_policy_without_scopes_asks_for_every_key() -> None:
    empty = places(kit.model("worker: {pools: {a: {}}}").spec, "noxus")

    (found,) = assign(["POSTGRESQL_URL"], empty, {}, None)
    with pytest.raises(UnknownPlaceError, match="there is: none"):
        assign([], empty, {}, "shared")

    assert found.why == "say who may read it: --assign POSTGRESQL_URL=SCOPE"


ELSEWHERE = """
scopes:
  - {name: most, roles: [frontend, backend, worker], namespaces: [a],
     envFrom: [{secretRef: {name: env-a}}]}
  - {name: fewer, roles: [frontend, backend], namespaces: ["b*"],
     envFrom: [{secretRef: {name: env-b}}]}
  - name: keys
    roles: [backend]
    namespaces: [a]
    env: [{name: CRM_TOKEN, valueFrom: {secretKeyRef: {name: keys-a, key: crm}}}]
worker: {pools: {of-a: {envSecretRef: pool-a, namespaces: [a]}}}
"""


def test_what_pods_of_the_namespace_are_not_given_is_no_place() -> None:
    there = places(kit.model(ELSEWHERE).spec, "b-1")

    shared, own = assign(["POSTGRESQL_URL", "CRM_TOKEN"], there, {}, None)

    assert (list(there.whole), there.single) == (["fewer"], {})
    assert shared.place == Place("fewer", "env-b")
    assert own.place is None
    with pytest.raises(UnknownPlaceError, match="'pool/of-a' that reads a whole Secret in namesp"):
        assign(["CRM_TOKEN"], there, {"CRM_TOKEN": "pool/of-a"}, None)


@pytest.mark.parametrize(
    "condition",
    [
        "onRequest: true",
        "serviceAccounts: [s]",
        "containers: [c]",
        "deployers: {users: [u]}",
        "namespaces: [elsewhere]",
    ],
)
def test_what_only_some_pods_are_given_is_not_where_noxus_says_that_a_key_belongs(
    condition: str,
) -> None:
    most = "roles: [frontend, backend], envFrom: [{secretRef: {name: most}}]"
    all_of_them = "roles: [backend], envFrom: [{secretRef: {name: all}}]"
    policy = f"scopes:\n- {{name: m, {most}, {condition}}}\n- {{name: a, {all_of_them}}}\n"

    there = places(kit.model(policy).spec, "noxus")

    assert there.shared == Place("a", "all")


PREFIXED = """
scopes:
  - {name: llm, roles: [frontend, worker], envFrom: [{secretRef: {name: keys}, prefix: LLM_}]}
  - {name: worker, roles: [worker], envFrom: [{secretRef: {name: more}, prefix: W_}]}
"""


def test_a_prefix_of_a_scope_is_no_part_of_the_key() -> None:
    there = places(kit.model(PREFIXED).spec, "noxus")

    (found,) = assign(["LLM_KEY"], there, {"LLM_KEY": "llm"}, None)

    assert (found.place, found.secret_key) == (Place("llm", "keys", "LLM_"), "KEY")
    assert (there.shared, there.worker) == (None, None)


@pytest.mark.parametrize("key", ["CRM_TOKEN", "LLM_"])
def test_a_key_that_a_prefix_would_rename_has_no_place_there(key: str) -> None:
    there = places(kit.model(PREFIXED).spec, "noxus")

    said = assign([key], there, {key: "llm"}, None)

    assert said == assign([key], there, {}, "llm")
    assert said == [
        Assigned(
            *(key, None, key),
            "scope llm puts LLM_ in front of each name: choose another scope, with --assign "
            f"{key}=SCOPE",
        )
    ]
