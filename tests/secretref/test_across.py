"""What is wrong between Secrets: by a policy, and by what Noxus documents."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.secretref.kit import brief, linted, policy, read, secret
from webhook.loading.load import load_text
from webhook.secretref import lint
from webhook.secretref.finding import Finding

PLATFORM = {"POSTGRESQL_URL": "u:p@h:5432", "REDIS_URL": "h"}
POLICY = policy("""\
  namespaces: [noxus]
  scopes:
    - name: shared
      roles: [frontend, backend, worker, relay]
      envFrom: [{secretRef: {name: app-env}}]
    - {name: worker, roles: [worker], envFrom: [{secretRef: {name: worker-env}}]}
    - name: plugin-keys
      roles: [backend]
      env:
        - {name: PLUGIN_SERVER_API_KEY, valueFrom: {secretKeyRef: {name: plugins, key: api-key}}}
    - name: llm
      roles: [worker]
      onRequest: true
      envFrom: [{secretRef: {name: llm}, prefix: LLM_}]
    - {name: maps, roles: [relay], envFrom: [{configMapRef: {name: settings, optional: true}}]}
  worker: {pools: {a: {envSecretRef: pool-a}, b: {envSecretRef: pool-b, namespaces: [other]}}}
""")


def one(found: list[Finding], rule: str) -> Finding:
    (only,) = [it for it in found if it.rule == rule]
    return only


def test_secrets_that_are_as_they_should_be_have_no_findings() -> None:
    text = (
        secret("app-env", **PLATFORM)
        + secret("worker-env", ETL_TOKEN="t1")
        + secret("plugins", **{"api-key": "k1"})
        + secret("pool-a", OPENAI_API_KEY="k2")
        + secret("settings", "ConfigMap", LOG_LEVEL="debug")
    )

    assert linted(text, POLICY) == []


def test_a_required_key_is_missed_once_for_all_roles_of_which_everything_was_seen() -> None:
    everything = linted(secret("app-env", REDIS_URL="h") + secret("worker-env", ETL="x"), POLICY)
    a_part = linted(secret("app-env", REDIS_URL="h"), POLICY)
    nothing = linted(secret("worker-env", ETL="x"), POLICY)

    # plugins, which a backend is given, and the settings of a relay were not seen.
    assert one(everything, "missing").message == (
        "it is not there, and as far as is known no installation does without it (worker): add it, "
        "unless it is given in another way"
    )
    assert brief(everything) == ["warning missing secret/app-env POSTGRESQL_URL"]
    assert a_part == nothing == []


def test_without_a_policy_the_shared_secret_is_for_every_role() -> None:
    assert brief(linted(secret("app-env", REDIS_URL="h"))) == [
        "warning missing secret/app-env POSTGRESQL_URL"
    ]
    assert linted(secret("something-else", A="b")) == []


def test_a_single_key_that_the_policy_names_must_be_there() -> None:
    found = linted(secret("plugins", **{"API-KEY": "k"}), POLICY)

    assert brief(found) == ["error missing secret/plugins api-key"]
    assert found[0].message == (
        "scope plugin-keys gives this key as PLUGIN_SERVER_API_KEY, and it is not there, so that "
        "containers would not start: add it, or make it optional in the policy"
    )


def test_of_a_key_in_two_scopes_the_one_that_does_not_count_is_told() -> None:
    text = secret("app-env", **PLATFORM, TOKEN="t1") + secret("worker-env", TOKEN="t2")

    found = linted(text, POLICY)

    assert brief(found) == ["warning overridden secret/app-env TOKEN"]
    assert found[0].message == (
        "for worker, secret/worker-env of scope worker wins, since it comes later: keep the key in "
        "one of them"
    )
    assert found[0].line == 8


def test_a_single_key_wins_over_a_whole_secret_that_comes_later_too() -> None:
    reversed_order = policy("""\
  scopes:
    - name: single
      roles: [backend]
      env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: one, key: t}}}]
    - {name: whole, roles: [backend], envFrom: [{secretRef: {name: all}}]}
""")

    found = linted(secret("one", t="t1") + secret("all", TOKEN="t2"), reversed_order)

    assert one(found, "overridden").message == (
        "for backend, secret/one of scope single wins, since env beats envFrom: keep the key in "
        "one of them"
    )
    assert one(found, "overridden").object == "secret/all"


def test_what_a_pool_overrides_is_a_note() -> None:
    text = secret("app-env", **PLATFORM, OPENAI_API_KEY="t1") + secret("pool-a", OPENAI_API_KEY="t")

    found = linted(text, POLICY)

    assert brief(found) == ["note overridden secret/app-env OPENAI_API_KEY"]
    assert found[0].message == "in pool/a, secret/pool-a wins, as documented for pools"


def test_what_two_scopes_give_is_told_once() -> None:
    twice = policy("""\
  scopes:
    - {name: a, roles: [frontend], envFrom: [{secretRef: {name: app-env}}]}
    - {name: b, roles: [backend], envFrom: [{secretRef: {name: app-env}}]}
    - {name: c, roles: [frontend, backend], envFrom: [{secretRef: {name: other}}]}
""")

    found = linted(secret("app-env", **PLATFORM, T="1a") + secret("other", T="1b"), twice)

    assert brief(found) == ["warning overridden secret/app-env T"]


def test_a_prefix_is_a_part_of_the_name() -> None:
    apart = linted(secret("llm", KEY="t1") + secret("worker-env", KEY="t2"), POLICY)
    same = linted(secret("llm", KEY="t1") + secret("worker-env", LLM_KEY="t2"), POLICY)

    assert apart == []
    assert brief(same) == ["warning overridden secret/worker-env LLM_KEY"]


def test_pools_never_meet() -> None:
    two = policy("""\
  worker: {pools: {a: {envSecretRef: pool-a}, b: {envSecretRef: pool-b}}}
""")

    assert linted(secret("pool-a", K="a") + secret("pool-b", K="b"), two) == []


def test_infrastructure_in_a_pool_is_an_error_where_its_scope_is_documented() -> None:
    found = linted(
        secret(
            "pool-a", POSTGRESQL_URL="u:p@h:5432", S3_ACCESS_KEY_ID="a", S3_SECRET_ACCESS_KEY="b"
        ),
        POLICY,
    )

    assert brief(found) == [
        "error misplaced secret/pool-a POSTGRESQL_URL",
        "warning misplaced secret/pool-a S3_ACCESS_KEY_ID",
        "warning misplaced secret/pool-a S3_SECRET_ACCESS_KEY",
    ]
    assert found[0].message == (
        "it is of the whole platform, and pool/a would have its own, which its flows can read: "
        "keep it in the shared Secret alone"
    )


def test_what_few_roles_read_does_not_belong_into_the_shared_secret() -> None:
    text = secret("app-env", **PLATFORM, NANGO_SECRET_KEY="k", NOXUS_API_KEY="k")

    found = linted(text, POLICY)

    assert brief(found) == [
        "warning misplaced secret/app-env NANGO_SECRET_KEY",
        "warning misplaced secret/app-env NOXUS_API_KEY",
    ]
    assert [it.message for it in found] == [
        (
            "only plugin-server read it, and scope shared gives it to backend, frontend, relay and "
            "worker, too: give it by env in a scope of those roles"
        ),
        "it is for clients of the API, and no pod of the platform reads it: remove it",
    ]


def test_settings_of_a_pool_are_no_secrets() -> None:
    found = linted(secret("pool-a", WORKER_SUBSCRIBE="chat"), POLICY)

    assert brief(found) == ["warning not-a-secret secret/pool-a WORKER_SUBSCRIBE"]
    assert found[0].message == (
        "it is a setting of a pool, which the chart writes into env, where it beats every Secret: "
        "set it in worker.pools.<name> of the Helm values"
    )


def test_half_of_a_pair_is_told_where_the_other_half_cannot_be() -> None:
    alone = policy("""\
  scopes: [{name: shared, roles: [backend], envFrom: [{secretRef: {name: app-env}}]}]
""")
    half = secret("app-env", POSTGRESQL_URL="u:p@h:5432", REDIS_URL="h", S3_ACCESS_KEY_ID="a")

    assert brief(linted(half, alone)) == ["warning pair secret/app-env S3_ACCESS_KEY_ID"]
    assert linted(half, POLICY) == []  # it may be in what was not read


def test_half_of_a_pair_over_a_whole_one_is_a_key_that_does_not_fit() -> None:
    text = secret("app-env", **PLATFORM, S3_ACCESS_KEY_ID="a", S3_SECRET_ACCESS_KEY="b") + secret(
        "worker-env", S3_SECRET_ACCESS_KEY="c"
    )

    assert one(linted(text, POLICY), "pair").message == (
        "it is put over that of scope shared, whose S3_ACCESS_KEY_ID it does not belong to: add "
        "S3_ACCESS_KEY_ID here, too"
    )


def test_a_credential_in_a_configmap_is_an_error_and_a_host_a_warning() -> None:
    found = linted(secret("settings", "ConfigMap", REDIS_PASSWORD="p", REDIS_URL="h"), POLICY)

    assert brief(found) == [
        "error configmap configmap/settings REDIS_PASSWORD",
        "warning configmap configmap/settings REDIS_URL",
    ]
    assert found[0].message == (
        "it belongs in a Secret: a ConfigMap is shown to everybody who may view"
    )


def test_a_name_that_shells_cannot_read_is_a_warning_where_it_becomes_a_variable() -> None:
    found = linted(secret("worker-env", **{"tls.crt": "a", "9A": "b"}), POLICY)

    assert brief(found) == [
        "warning name secret/worker-env tls.crt",
        "warning name secret/worker-env 9A",
    ]
    assert linted(secret("unrelated", **{"tls.crt": "a"}), POLICY) == []


def test_a_misspelt_key_is_told_in_what_is_of_noxus_alone() -> None:
    assert brief(linted(secret("worker-env", REDIS_PASSWROD="a"), POLICY)) == [
        "warning misspelt secret/worker-env REDIS_PASSWROD"
    ]
    assert linted(secret("of-another-program", REDIS_PASSWROD="a"), POLICY) == []
    both = secret("worker-env", REDIS_PASSWORD="a", REDIS_PASSWROD="b")
    assert [it for it in linted(both, POLICY) if it.rule == "misspelt"] == []


def test_an_object_that_is_written_twice_is_told_where_the_other_is() -> None:
    found = linted(secret("worker-env", A="b") + secret("worker-env", A="c"), POLICY)

    assert [(it.line, it.message) for it in found] == [
        (
            8,
            "it is in s.yaml:2, too, and whichever is applied last replaces the other: keep one",
        )
    ]


def test_namespaces_are_judged_apart_each_by_the_policy_that_governs_it() -> None:
    def there(namespace: str, **values: str) -> str:
        text = secret("app-env", **values)
        return text.replace("{name: app-env}", f"{{name: app-env, namespace: {namespace}}}")

    other = policy("""\
  namespaces: [other]
  scopes: [{name: s, roles: [backend], envFrom: [{secretRef: {name: app-env}}]}]
""")
    text = there("noxus", A="b") + there("other", A="b") + there("foreign", A="b")

    found = linted(text, POLICY, other)

    assert brief(found) == [
        "warning missing secret/app-env POSTGRESQL_URL",
        "warning missing secret/app-env REDIS_URL",
    ]
    assert {it.line for it in found} == {8}


def test_objects_of_other_types_and_kinds_are_passed_over() -> None:
    tls = secret("tls", A="b\n") + "type: kubernetes.io/tls\n"
    foreign = secret("x", A="b\n").replace("apiVersion: v1", "apiVersion: example.com/v1")

    assert read(tls + foreign + "---\n- a\n---\nkind: Pod\n")[0] == []


def test_lists_and_both_ways_to_write_values_are_read() -> None:
    text = """\
apiVersion: v1
kind: SecretList
items:
  - metadata: {name: a}
    data: {A: YjE=, B: null}
    stringData: {A: c1}
"""

    (holder,), found = read(text)

    assert [(it.key, it.value, it.line) for it in holder.entries] == [
        ("A", "b1", 5),
        ("B", "", 5),
        ("A", "c1", 6),
    ]
    assert [it.message for it in found] == [
        "it is in stringData, too, in line 6, which counts: remove this one"
    ]


def test_what_kubectl_keeps_of_a_secret_in_an_annotation_is_told() -> None:
    text = """\
kind: Secret
metadata:
  name: worker-env
  annotations:
    other: x
    kubectl.kubernetes.io/last-applied-configuration: '{"data": {"A": "aHVudGVyMg=="}}'
data: {A: aHVudGVyMg==}
"""

    found = linted(text, POLICY)

    assert [(it.rule, it.line, it.key) for it in found] == [("annotation", 6, "")]
    assert found[0].message == (
        "the annotation kubectl.kubernetes.io/last-applied-configuration holds all values once "
        "more, where programs that hide the data of Secrets may show it: remove it, and use "
        "kubectl apply --server-side"
    )
    assert linted(text.replace("kind: Secret", "kind: ConfigMap"), POLICY) == []


@settings(deadline=None)  # the machine may be busy
@given(st.binary(max_size=40))
def test_values_are_what_a_container_would_get(content: bytes) -> None:
    encoded = base64.b64encode(content).decode()
    (holder,), found = read(f"kind: Secret\nmetadata: {{name: a}}\ndata: {{A: '{encoded}'}}\n")

    value = holder.entries[0].value
    assert found == []
    assert (value if isinstance(value, bytes) else (value or "").encode()) == content


def test_no_representation_of_what_was_read_shows_a_value() -> None:
    (holder,), _ = read(secret("a", A="hunter2"))

    assert "hunter2" not in repr(holder)
    assert "hunter2" not in str(holder.entries)


def test_pools_that_hold_the_same_key_are_no_finding_however_many() -> None:
    pools = ", ".join(f"p{i}: {{envSecretRef: s{i}}}" for i in range(300))
    many = load_text(
        "apiVersion: secrets.noxus.ai/v1alpha1\nkind: SecretInjectionPolicy\n"
        f"metadata: {{name: p}}\nspec: {{worker: {{pools: {{{pools}}}}}}}\n"
    )
    holders, _ = read("".join(secret(f"s{i}", OPENAI_API_KEY="k1") for i in range(300)))

    assert lint.judge(holders, [many.sources[0].policy]) == []
