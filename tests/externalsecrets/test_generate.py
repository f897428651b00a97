"""From a policy to manifests: which, where, filled from what, or why not."""

import fnmatch
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.externalsecrets.kit import AWS, AZURE, STORES, VAULT, keys, policy, scope
from webhook.core.policy import Policy
from webhook.externalsecrets.generate import CannotExportError, Options, export
from webhook.externalsecrets.stores import Store, Vault
from webhook.externalsecrets.text import as_yaml

Json = Any


def made(of: Policy, store: Store = VAULT, **options: Any) -> list[Json]:  # noqa: ANN401
    options.setdefault("path_template", "noxus/{scope}")
    return [each.value for each in export([of], lambda _: store, Options(**options)).manifests]


def problems(of: Policy, store: Store = VAULT, **options: Any) -> list[str]:  # noqa: ANN401
    with pytest.raises(CannotExportError) as refused:
        made(of, store, **options)
    return refused.value.problems


def secrets(found: list[Json], kind: str = "ExternalSecret") -> dict[tuple[str, str], Json]:
    """Return the specs of the objects of a kind by namespace and name."""
    return {
        (each["metadata"].get("namespace", ""), each["metadata"]["name"]): each["spec"]
        for each in found
        if each["kind"] == kind
    }


def test_each_namespace_has_an_account_and_a_store_before_what_uses_them() -> None:
    found = made(policy(scope("shared", "app-env"), namespaces=["b", "a"]))

    assert [(each["metadata"]["namespace"], each["kind"]) for each in found] == [
        ("a", "ServiceAccount"),
        ("a", "SecretStore"),
        ("a", "ExternalSecret"),
        ("b", "ServiceAccount"),
        ("b", "SecretStore"),
        ("b", "ExternalSecret"),
    ]


def test_a_secret_read_by_envfrom_is_filled_whole() -> None:
    found = secrets(made(policy(scope("shared", "app-env"))))["noxus", "app-env"]

    assert found == {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "SecretStore", "name": "noxus"},
        "target": {
            "name": "app-env",
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": {
                "metadata": {
                    "labels": {
                        "app.kubernetes.io/managed-by": "external-secrets",
                        "secrets.noxus.ai/managed": "true",
                    },
                    "annotations": {"secrets.noxus.ai/source-of": "shared"},
                }
            },
        },
        "dataFrom": [{"extract": {"key": "noxus/shared"}}],
    }


def test_a_secret_read_by_single_keys_is_given_those_only() -> None:
    found = secrets(made(policy(scope("plugins", env=keys("plugin-secrets", "A", "B")))))

    assert "dataFrom" not in found["noxus", "plugin-secrets"]
    assert found["noxus", "plugin-secrets"]["data"] == [
        {"secretKey": "A", "remoteRef": {"key": "noxus/plugins", "property": "A"}},
        {"secretKey": "B", "remoteRef": {"key": "noxus/plugins", "property": "B"}},
    ]


def test_a_secret_read_whole_by_one_scope_and_by_key_by_another_is_filled_by_the_former() -> None:
    both = policy(scope("one", env=keys("app-env", "A")), scope("all", "app-env"))

    found = secrets(made(both))["noxus", "app-env"]

    assert found["dataFrom"] == [{"extract": {"key": "noxus/all"}}]
    annotations = found["target"]["template"]["metadata"]["annotations"]
    assert annotations == {"secrets.noxus.ai/source-of": "one,all"}


def test_a_pool_has_an_entry_of_its_own() -> None:
    of = policy(pools={"tenant-a": {"envSecretRef": "tenant-a-llm"}, "none": {"envSecretRef": ""}})

    found = secrets(made(of))

    assert list(found) == [("noxus", "tenant-a-llm")]
    assert found["noxus", "tenant-a-llm"]["dataFrom"] == [
        {"extract": {"key": "noxus/pool/tenant-a"}}
    ]


def test_key_vault_knows_no_folders() -> None:
    of = policy(pools={"tenant-a": {"envSecretRef": "tenant-a-llm"}})

    found = secrets(made(of, AZURE, path_template="noxus-{scope}"))

    assert found["noxus", "tenant-a-llm"]["dataFrom"] == [
        {"extract": {"key": "noxus-pool-tenant-a"}}
    ]


def test_a_pool_that_is_switched_off_and_a_configmap_are_not_filled() -> None:
    of = policy(
        scope("shared", "app-env")
        | {"envFrom": [{"configMapRef": {"name": "cm"}}, {"secretRef": {"name": "app-env"}}]},
        pools={"off": {"enabled": False, "envSecretRef": "off-llm"}},
    )

    assert list(secrets(made(of))) == [("noxus", "app-env")]


def test_a_scope_limited_to_a_namespace_is_filled_there_alone() -> None:
    of = policy(
        scope("shared", "app-env"),
        scope("here", "here-env", namespaces=["a"]),
        namespaces=["a", "b"],
    )

    assert set(secrets(made(of))) == {("a", "app-env"), ("a", "here-env"), ("b", "app-env")}


def test_namespaces_that_are_given_are_the_only_ones() -> None:
    of = policy(scope("shared", "app-env"), namespaces=["noxus", "noxus-*"])

    found = secrets(made(of, namespaces=("noxus-eu", "noxus-us")))

    assert set(found) == {("noxus-eu", "app-env"), ("noxus-us", "app-env")}


def test_globs_need_namespaces_or_the_consent_to_a_cluster_scope() -> None:
    of = policy(scope("shared", "app-env"), namespaces=["noxus", "noxus-*"])

    assert problems(of) == [
        (
            "Secret app-env (shared): the policy gives globs 'noxus-*': name the namespaces with "
            "--namespace, or give --cluster-scoped"
        )
    ]


def test_a_policy_for_every_namespace_needs_them_too() -> None:
    assert problems(policy(scope("shared", "app-env"), namespaces=None)) == [
        (
            "Secret app-env (shared): the policy gives no names of namespaces: name the namespaces "
            "with --namespace, or give --cluster-scoped"
        )
    ]


def test_a_scope_kept_to_a_glob_is_never_spread_over_every_opted_in_namespace() -> None:
    of = policy(scope("tenant", "tenant-env", namespaces=["tenant-a-*"]), namespaces=None)

    assert problems(of, cluster_scoped=True) == [
        (
            "Secret tenant-env (tenant): kept to namespaces by globs 'tenant-a-*', which no "
            "selector can say: name the namespaces with --namespace"
        )
    ]
    found = secrets(
        made(of, cluster_scoped=True, namespaces=("tenant-a-1",)), "ClusterExternalSecret"
    )
    (selector,) = found["", "tenant-env"]["namespaceSelectors"]
    assert selector["matchExpressions"][1]["values"] == ["tenant-a-1"]


def test_a_namespace_in_which_nothing_is_wanted_is_said() -> None:
    assert problems(policy(scope("shared", "app-env")), namespaces=("noxus", "other")) == [
        "namespace other: policy noxus wants no Secret in it"
    ]


def test_a_policy_without_secrets_is_said() -> None:
    assert problems(policy()) == ["policy noxus names no Secret: there is nothing to fill"]


def test_two_secrets_of_one_scope_need_paths_of_their_own() -> None:
    of = policy(scope("shared", "app-env", "db-env"))

    assert problems(of) == [
        (
            "Secrets app-env and db-env would both be filled from 'noxus/shared': put {secret} "
            "into --path-template"
        )
    ]
    found = secrets(made(of, path_template="noxus/{scope}/{secret}"))
    assert found["noxus", "db-env"]["dataFrom"] == [{"extract": {"key": "noxus/shared/db-env"}}]


def test_a_secret_of_another_policy_is_never_filled_from_the_same_entry() -> None:
    one, two = (
        policy(scope("shared", f"{name}-env"), namespaces=[name], name=name) for name in "ab"
    )
    options = Options(path_template="noxus/{scope}")

    with pytest.raises(CannotExportError) as refused:
        export([one, two], lambda _: VAULT, options)

    assert refused.value.problems == [
        (
            "Secrets a-env and b-env would both be filled from 'noxus/shared': put {policy} or "
            "{secret} into --path-template"
        )
    ]


def shared(template: str, *policies: Policy) -> list[str]:
    found = export(policies, lambda _: VAULT, Options(path_template=template))
    return [str(each) for each in found.shared]


def test_of_an_entry_that_two_policies_fill_one_secret_from_both_are_named() -> None:
    one, two, three = (
        policy(scope(name, "app-env"), namespaces=[namespace], name=namespace)
        for namespace, name in (("a", "shared"), ("b", "shared"), ("c", "other"))
    )

    assert shared("noxus/{scope}", one, two, three) == [
        (
            "policies a and b share the entry 'noxus/shared' of the store, so that their pods are "
            "given the same values: where that is not meant, put {policy} into --path-template"
        )
    ]
    assert shared("{policy}/{scope}", one, two, three) == []
    assert shared("{namespace}/{scope}", one, two, three) == []
    assert shared("noxus/{scope}", one, three) == []


@pytest.mark.parametrize(
    ("store", "template", "says"),
    [
        (AWS, "noxus {scope}", "AWS Secrets Manager takes letters, digits and /_+=.@- only, at"),
        (VAULT, "/noxus/{scope}", "Vault takes no empty part and no '/' at either end"),
        (AZURE, "noxus/{scope}", "Azure Key Vault takes letters, digits and '-' only, at most 127"),
    ],
)
def test_a_key_that_the_store_refuses_is_said_before_it_does(
    store: Store, template: str, says: str
) -> None:
    (problem,) = problems(policy(scope("shared", "app-env")), store, path_template=template)

    key = template.replace("{scope}", "shared")
    assert problem.startswith(f"{key!r} for Secret app-env: {says}")
    assert problem.endswith(": change --path-template")


def test_cluster_scoped_a_store_serves_opted_in_namespaces_only() -> None:
    of = policy(scope("shared", "app-env"), namespaces=["noxus", "noxus-*"])

    account, store, secret = made(of, cluster_scoped=True)

    opted_in = {
        "key": "secrets.noxus.ai/injection",
        "operator": "In",
        "values": ["enabled", "dry-run"],
    }
    selector = {"matchExpressions": [opted_in]}
    assert account["metadata"]["namespace"] == "external-secrets"
    assert store["spec"]["conditions"] == [{"namespaceSelector": selector}]
    ref = store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]
    assert ref["namespace"] == "external-secrets"
    assert secret["spec"]["namespaceSelectors"] == [selector]
    assert secret["spec"]["externalSecretSpec"]["secretStoreRef"] == {
        "kind": "ClusterSecretStore",
        "name": "noxus",
    }


def test_each_namespace_may_have_a_role_of_its_own() -> None:
    of = policy(scope("shared", "app-env"), namespaces=["a", "b"])
    options = Options(path_template="{namespace}/{scope}")

    def store_of(namespace: str) -> Store:
        return Vault(server="https://vault.example.com", role=f"noxus-{namespace}")

    found = [each.value for each in export([of], store_of, options).manifests]

    stores = secrets(found, "SecretStore")
    roles = {
        name: spec["provider"]["vault"]["auth"]["kubernetes"]["role"]
        for (name, _), spec in stores.items()
    }
    assert roles == {"a": "noxus-a", "b": "noxus-b"}
    entries = {
        name: spec["dataFrom"][0]["extract"]["key"] for (name, _), spec in secrets(found).items()
    }
    assert entries == {"a": "a/shared", "b": "b/shared"}


@pytest.mark.parametrize("store", STORES, ids=lambda store: type(store).__name__)
def test_no_store_is_given_a_static_key(store: Store) -> None:
    found = made(policy(scope("shared", "app-env")), store, path_template="noxus-{scope}")

    written = yaml.safe_dump_all(found)
    assert "secretref" not in written.lower().replace("secretstoreref", "")


@pytest.mark.parametrize("cluster_scoped", [False, True])
@pytest.mark.parametrize("store", STORES, ids=lambda store: type(store).__name__)
def test_the_yaml_says_the_same_as_the_objects(store: Store, cluster_scoped: bool) -> None:
    of = policy(scope("shared", "app-env"), scope("plugins", env=keys("plugin-secrets", "A")))
    options = Options(path_template="noxus-{scope}", cluster_scoped=cluster_scoped)
    found = export([of], lambda _: store, options).manifests

    written = as_yaml(found, "A head.")

    assert list(yaml.safe_load_all(written)) == [each.value for each in found]
    assert written.startswith("# A head.\n---\n")
    comments = [each for manifest in found for each in manifest.comments.values()]
    flat = " ".join(line.strip().removeprefix("# ") for line in written.splitlines())
    assert [each for each in comments if each not in flat] == []


NAMES = ("noxus", "noxus-eu", "tenant-a", "tenant-b", "x")
PATTERNS = st.none() | st.lists(
    st.sampled_from([*NAMES, "noxus*", "tenant-?", "*", "*-a"]), min_size=1, max_size=3
)


def says(patterns: list[str] | None, name: str) -> bool:
    return patterns is None or any(fnmatch.fnmatchcase(name, each) for each in patterns)


@given(covered=PATTERNS, scopes=st.lists(PATTERNS, min_size=1, max_size=3))
def test_a_secret_is_exactly_where_policy_and_scope_say(
    covered: list[str] | None, scopes: list[list[str] | None]
) -> None:
    named = [
        scope(f"s{index}", f"env-{index}", **({} if each is None else {"namespaces": each}))
        for index, each in enumerate(scopes)
    ]
    expected = {
        (name, f"env-{index}")
        for name in NAMES
        for index, each in enumerate(scopes)
        if says(covered, name) and says(each, name)
    }
    where = tuple(sorted({name for name, _ in expected}))
    of = policy(*named, namespaces=covered)

    found = secrets(made(of, namespaces=where)) if where else {}

    assert set(found) == expected


@given(covered=PATTERNS, limits=PATTERNS)
def test_without_namespaces_it_is_complete_or_refused(
    covered: list[str] | None, limits: list[str] | None
) -> None:
    more = {} if limits is None else {"namespaces": limits}
    of = policy(scope("shared", "app-env", **more), namespaces=covered)

    try:
        found = secrets(made(of))
    except CannotExportError as error:
        if "there is nothing to fill" not in str(error):
            return
        found = {}

    both = {name for name in NAMES if says(covered, name) and says(limits, name)}
    assert {namespace for namespace, _ in found} == both
