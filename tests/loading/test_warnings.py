"""What is allowed and still worth a second look."""

import pytest

from tests.loading.kit import HEAD, warnings

COMPONENT = (
    "app.kubernetes.io/component alone decides the role, and other charts use it for frontend and "
    "worker too: add a label of Noxus to the selector, such as app.kubernetes.io/part-of: noxus"
)


def test_a_label_of_other_charts_that_decides_alone() -> None:
    assert warnings("""
        spec:
          identity:
            roleLabels:
              - noxus.ai/role
              - app.kubernetes.io/component
            rules:
              - role: worker
                selector: {matchLabels: {app.kubernetes.io/component: worker}}
              - role: worker
                selector:
                  matchExpressions: [{key: app.kubernetes.io/component, operator: Exists}]
              - role: worker
                selector: {matchLabels: {app.kubernetes.io/component: worker, a: b}}
    """) == [
        f"p.yaml:8: spec.identity.roleLabels[1]: {COMPONENT}",
        f"p.yaml:11: spec.identity.rules[0].selector: {COMPONENT}",
        f"p.yaml:13: spec.identity.rules[1].selector: {COMPONENT}",
    ]


def test_a_rule_that_matches_every_pod() -> None:
    assert warnings("""
        spec:
          identity:
            rules:
              - role: worker
                selector: {}
    """) == [
        (
            "p.yaml:8: spec.identity.rules[0].selector: an empty selector gives every pod role "
            "'worker': add matchLabels"
        )
    ]


def test_a_pool_that_is_not_limited_by_namespaces() -> None:
    assert warnings("""
        spec:
          worker:
            pools:
              a: {envSecretRef: a-env}
              b: {envSecretRef: b-env, namespaces: [b]}
              none: {}
              off: {envSecretRef: off-env, enabled: false}
    """) == [
        (
            "p.yaml:7: spec.worker.pools.a: pool 'a' is not limited by namespaces: labels are "
            "chosen by whoever creates the pod, and only the namespace separates tenants"
        )
    ]


def test_a_scope_that_a_sandbox_gets() -> None:
    assert warnings("""
        spec:
          scopes:
            - name: tools
              roles:
                - worker
                - sandbox
              envFrom: [{secretRef: {name: s}}]
    """) == [
        (
            "p.yaml:9: spec.scopes[0].roles[1]: scope 'tools' reaches the sandbox, where people "
            "run code of their own: remove the role unless every such person may read it"
        )
    ]


EVERY = "with this scope Secret 's' reaches every role: leave out those that can do without it"


def test_a_secret_that_reaches_every_role_by_several_scopes() -> None:
    found = warnings("""
        spec:
          identity: {roles: [extra]}
          scopes:
            - name: a
              roles: [frontend, backend, sandbox]
              envFrom: [{secretRef: {name: s}}, {secretRef: {name: t}}, {configMapRef: {name: c}}]
            - name: b
              roles: [frontend, worker, relay, plugin-server, beat]
              env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]
            - name: c
              roles: [extra]
              envFrom: [{secretRef: {name: s}}]
            - name: d
              roles: [extra]
              envFrom: [{secretRef: {name: s}}]
    """)
    assert found[1:] == [f"p.yaml:14: spec.scopes[2].roles: {EVERY}"]
    assert "reaches the sandbox" in found[0]


def test_a_secret_that_reaches_every_role_but_one_is_not_warned_about() -> None:
    assert (
        warnings("""
        spec:
          scopes:
            - name: a
              roles: [frontend, backend, worker, relay, plugin-server, beat]
              envFrom: [{secretRef: {name: s}}]
    """)
        == []
    )


def test_a_rule_that_gives_a_pool_which_the_policy_does_not_list() -> None:
    rule = "{role: worker, selector: {matchLabels: {a: b}}, pool: %s}"
    assert warnings(f"""
        spec:
          identity:
            rules:
              - {rule % "tenant"}
              - {rule % "xyz"}
              - {rule % "tenants"}
          worker:
            pools: {{tenants: {{}}}}
    """) == [
        (
            "p.yaml:7: spec.identity.rules[0].pool: pool 'tenant' is not in spec.worker.pools; did "
            "you mean 'tenants'?"
        ),
        "p.yaml:8: spec.identity.rules[1].pool: pool 'xyz' is not in spec.worker.pools",
    ]


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("[a, 'b-*']", "[c, b-x]", "'b-x'"),
        ("[a]", "['*']", "'*'"),
    ],
)
def test_two_policies_that_cover_a_namespace_in_common(
    first: str, second: str, shared: str
) -> None:
    other = HEAD.replace("noxus}", "other}")
    text = f"spec:\n  namespaces: {first}\n---\n{other}spec:\n  namespaces: {second}\n"
    assert warnings(text) == [
        (
            f"p.yaml:11: spec.namespaces: {shared} is covered by policy 'noxus', too, which comes "
            "first and governs there: let one of them leave it out"
        )
    ]


def test_two_policies_of_which_neither_names_namespaces() -> None:
    other = HEAD.replace("noxus}", "other}")
    assert warnings(f"spec: {{}}\n---\n{other}spec: {{}}\n") == [
        (
            "p.yaml:9: spec.namespaces: '*' is covered by policy 'noxus', too, which comes first "
            "and governs there: let one of them leave it out"
        )
    ]


def test_two_policies_apart_are_not_warned_about() -> None:
    other = HEAD.replace("noxus}", "other}")
    assert warnings(f"spec: {{namespaces: [a]}}\n---\n{other}spec: {{namespaces: [b]}}\n") == []
