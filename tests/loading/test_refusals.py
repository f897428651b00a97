"""Policies that would not mean what they say are refused, with the line and the way out."""

import pytest

from tests.loading.kit import problems

ROLES = "backend, beat, frontend, plugin-server, relay, sandbox, worker"


def test_two_scopes_of_one_name() -> None:
    assert problems("""
        spec:
          scopes:
            - name: shared
              roles: [worker]
              envFrom: [{secretRef: {name: s}}]
            - name: shared
              roles: [beat]
              envFrom: [{secretRef: {name: t}}]
    """) == [
        (
            "p.yaml:9: spec.scopes[1].name: scope 'shared' is already defined as spec.scopes[0]: "
            "merge the two, or give this one another name"
        )
    ]


@pytest.mark.parametrize(
    ("member", "kind"), [("secretRef", "Secret"), ("configMapRef", "ConfigMap")]
)
def test_one_source_in_two_scopes_with_different_optional(member: str, kind: str) -> None:
    assert problems(f"""
        spec:
          scopes:
            - name: a
              roles: [worker]
              envFrom: [{{{member}: {{name: s}}}}]
            - name: b
              roles: [worker]
              envFrom:
                - {{prefix: P_, {member}: {{name: s, optional: true}}}}
                - {{{member}: {{name: s, optional: true}}}}
    """) == [
        (
            f"p.yaml:13: spec.scopes[1].envFrom[1]: {kind} 's' is optional: true here and false in "
            "scope 'a': a pod could get both, so write the same in both"
        )
    ]


def test_a_secret_and_a_configmap_of_one_name_are_two_sources() -> None:
    assert problems("""
        spec:
          scopes:
            - name: a
              roles: [nobody]
              envFrom: [{secretRef: {name: s}}, {configMapRef: {name: s, optional: true}}]
    """) == [
        (
            f"p.yaml:7: spec.scopes[0].roles[0]: role 'nobody' is not known: add it to "
            f"spec.identity.roles, or use one of {ROLES}"
        )
    ]


def test_a_scope_without_a_role() -> None:
    assert problems("""
        spec:
          scopes:
            - name: a
              roles: []
              envFrom: [{secretRef: {name: s}}]
    """) == [
        (
            "p.yaml:7: spec.scopes[0].roles: scope 'a' has no role, so no pod could have it: name "
            "at least one"
        )
    ]


def test_a_scope_that_says_nothing_about_roles() -> None:
    assert problems("""
        spec:
          scopes:
            - name: a
              envFrom: [{secretRef: {name: s}}]
    """) == ["p.yaml:6: spec.scopes[0].roles: is required"]


def test_a_scope_with_nothing_to_inject() -> None:
    assert problems("""
        spec:
          scopes:
            - name: a
              roles: [worker]
            - name: b
              roles: [worker]
              envFrom: []
              env: []
    """) == [
        "p.yaml:6: spec.scopes[0]: scope 'a' has nothing to inject: give it envFrom or env",
        "p.yaml:8: spec.scopes[1]: scope 'b' has nothing to inject: give it envFrom or env",
    ]


def test_a_role_that_is_neither_built_in_nor_added() -> None:
    assert problems("""
        spec:
          identity:
            aliases:
              workers: wroker
            rules:
              - selector: {matchLabels: {a: b}}
                role: nobody
          scopes:
            - name: a
              roles:
                - worker
                - fronted
              envFrom: [{secretRef: {name: s}}]
          worker:
            role: runner
    """) == [
        (
            "p.yaml:7: spec.identity.aliases.workers: role 'wroker' is not known; did you mean "
            f"'worker'? Add it to spec.identity.roles, or use one of {ROLES}"
        ),
        (
            "p.yaml:10: spec.identity.rules[0].role: role 'nobody' is not known: add it to "
            f"spec.identity.roles, or use one of {ROLES}"
        ),
        (
            "p.yaml:15: spec.scopes[0].roles[1]: role 'fronted' is not known; did you mean "
            f"'frontend'? Add it to spec.identity.roles, or use one of {ROLES}"
        ),
        (
            "p.yaml:18: spec.worker.role: role 'runner' is not known: add it to "
            f"spec.identity.roles, or use one of {ROLES}"
        ),
    ]


@pytest.mark.parametrize("field", ["pool", "poolFrom"])
def test_a_rule_that_gives_a_pool_to_a_role_that_has_none(field: str) -> None:
    assert problems(f"""
        spec:
          identity:
            rules:
              - selector: {{matchLabels: {{a: b}}}}
                role: frontend
                {field}: x
    """) == [
        (
            f"p.yaml:9: spec.identity.rules[0].{field}: only role 'worker' belongs to pools, and "
            "this rule gives role 'frontend': remove the field, or correct the role"
        )
    ]


def test_one_secret_as_a_source_of_a_scope_and_of_a_pool() -> None:
    also = "is also a source of scope"
    why = "whose pods would read this pool's keys: use two Secrets"
    assert problems("""
        spec:
          scopes:
            - name: a
              roles: [worker]
              envFrom: [{secretRef: {name: s}}, {configMapRef: {name: u}}]
            - name: b
              roles: [worker]
              env: [{name: K, valueFrom: {secretKeyRef: {name: t, key: k}}}]
          worker:
            pools:
              x: {envSecretRef: s}
              y:
                enabled: false
                envSecretRef: t
              z: {envSecretRef: u}
    """) == [
        f"p.yaml:14: spec.worker.pools.x.envSecretRef: Secret 's' {also} 'a', {why}",
        f"p.yaml:17: spec.worker.pools.y.envSecretRef: Secret 't' {also} 'b', {why}",
    ]


@pytest.mark.parametrize("empty", ["{}", "{users: [], groups: [], serviceAccounts: []}"])
def test_deployers_that_name_nobody(empty: str) -> None:
    why = (
        "nobody is named, so nobody could deploy: list users, groups or serviceAccounts, or remove "
        "the field"
    )
    assert problems(f"""
        spec:
          scopes:
            - name: a
              roles: [worker]
              deployers: {empty}
              envFrom: [{{secretRef: {{name: s}}}}]
          worker:
            pools:
              p:
                deployers: {empty}
    """) == [
        f"p.yaml:8: spec.scopes[0].deployers: {why}",
        f"p.yaml:13: spec.worker.pools.p.deployers: {why}",
    ]


def test_kinds_of_workloads_that_are_listed_twice_or_without_a_template() -> None:
    assert problems("""
        spec:
          workloads:
            - {group: argoproj.io, kind: Rollout, resource: rollouts, templates: [spec.template]}
            - {group: argoproj.io, kind: Rollout, resource: rollouts, templates: []}
    """) == [
        (
            "p.yaml:7: spec.workloads[1].templates: no template is named, so nothing would be "
            "judged: write spec.template, say"
        ),
        (
            "p.yaml:7: spec.workloads[1]: rollouts.argoproj.io is already listed as "
            "spec.workloads[0]: put all its templates there"
        ),
    ]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("group", "apps", "'apps' is not an API group: write it like argoproj.io"),
        ("kind", "rollout", "'rollout' is not a kind: write it like Rollout"),
        ("resource", "Rollouts", "'Rollouts' is not the plural of a kind: write it like rollouts"),
    ],
)
def test_kinds_of_workloads_that_the_api_cannot_have(field: str, value: str, why: str) -> None:
    names = {"group": "argoproj.io", "kind": "Rollout", "resource": "rollouts"} | {field: value}
    written = ", ".join(f"{key}: {it}" for key, it in names.items())

    assert problems(f"""
        spec:
          workloads:
            - {{{written}, templates: [spec.template]}}
    """) == [f"p.yaml:6: spec.workloads[0].{field}: {why}"]


@pytest.mark.parametrize("path", ["", "spec.", ".template", "spec/template", "*", "spec.te mplate"])
def test_paths_that_lead_to_no_template(path: str) -> None:
    rollout = "group: argoproj.io, kind: Rollout, resource: rollouts"
    assert problems(f"""
        spec:
          workloads:
            - {{{rollout}, templates: ["{path}"]}}
    """) == [
        (
            f"p.yaml:6: spec.workloads[0].templates[0]: {path!r} is not the path of a pod "
            "template: write it like spec.template, with * for each element of a map or list"
        )
    ]


def test_lists_that_match_nothing_though_they_look_like_no_limit() -> None:
    why = "an empty list matches nothing: name at least one, or remove the field for no limit"
    assert problems("""
        spec:
          namespaces: []
          scopes:
            - name: a
              roles: [worker]
              namespaces: []
              serviceAccounts: []
              containers: []
              envFrom: [{secretRef: {name: s}}]
          worker:
            pools:
              p:
                namespaces: []
                serviceAccounts: []
    """) == [
        f"p.yaml:5: spec.namespaces: {why}",
        f"p.yaml:9: spec.scopes[0].namespaces: {why}",
        f"p.yaml:10: spec.scopes[0].serviceAccounts: {why}",
        f"p.yaml:11: spec.scopes[0].containers: {why}",
        f"p.yaml:16: spec.worker.pools.p.namespaces: {why}",
        f"p.yaml:17: spec.worker.pools.p.serviceAccounts: {why}",
    ]


DNS_LABEL = (
    "is not a DNS label: use up to 63 lower-case letters, digits and '-', beginning and ending "
    "with a letter or digit"
)
OBJECT_NAME = (
    "is not an object name: use up to 253 lower-case letters, digits, '-' and '.', each part "
    "beginning and ending with a letter or digit"
)
LABEL_KEY = "is not a label key: write it as name or example.com/name"
LABEL_VALUE = (
    "is not a label value: use up to 63 letters, digits, '-', '_' and '.', beginning and ending "
    "with a letter or digit"
)
VARIABLE = "is not a variable name: use printable ASCII characters other than '='"
GLOB = (
    "is not a glob over names: use lower-case letters, digits and '-', '*' for any run of "
    "characters and '?' for one"
)


def test_names_of_scopes_secrets_and_variables_that_kubernetes_would_refuse() -> None:
    assert problems("""
        spec:
          scopes:
            - name: Shared
              roles: [worker]
              serviceAccounts: [Runner]
              envFrom:
                - secretRef: {name: App_Env}
                - configMapRef: {name: a/b}
                - prefix: A=
                  secretRef: {name: s}
              env:
                - name: A=B
                  valueFrom: {secretKeyRef: {name: "", key: a/b}}
          worker:
            pools:
              p: {envSecretRef: ns/name}
              a b: {}
              "": {}
    """) == [
        f"p.yaml:6: spec.scopes[0].name: 'Shared' {DNS_LABEL}",
        f"p.yaml:8: spec.scopes[0].serviceAccounts[0]: 'Runner' {OBJECT_NAME}",
        f"p.yaml:10: spec.scopes[0].envFrom[0].secretRef.name: 'App_Env' {OBJECT_NAME}",
        f"p.yaml:11: spec.scopes[0].envFrom[1].configMapRef.name: 'a/b' {OBJECT_NAME}",
        f"p.yaml:12: spec.scopes[0].envFrom[2].prefix: 'A=' {VARIABLE}",
        f"p.yaml:15: spec.scopes[0].env[0].name: 'A=B' {VARIABLE}",
        f"p.yaml:16: spec.scopes[0].env[0].valueFrom.secretKeyRef.name: '' {OBJECT_NAME}",
        (
            "p.yaml:16: spec.scopes[0].env[0].valueFrom.secretKeyRef.key: 'a/b' is not a key of a "
            "Secret: use letters, digits, '-', '_' and '.', and do not begin with '..'"
        ),
        f"p.yaml:19: spec.worker.pools.p.envSecretRef: 'ns/name' {OBJECT_NAME}",
        f"p.yaml:20: spec.worker.pools.a b: 'a b' {LABEL_VALUE}",
        (
            "p.yaml:21: spec.worker.pools.: a pool needs a name: pods carry it as the value of "
            "their pool label"
        ),
    ]


def test_label_keys_selectors_and_globs_that_kubernetes_would_refuse() -> None:
    assert problems("""
        spec:
          namespaces: [A, "*.x"]
          identity:
            roleLabels: [a b]
            poolLabels: [x/y/z]
            aliases: {a b: worker, w: A}
            roles: [A]
            rules:
              - selector:
                  matchLabels: {a b: c, d: e f}
                  matchExpressions:
                    - {key: a, operator: Has}
                    - {key: a, operator: In}
                    - {key: a, operator: Exists, values: [x]}
                    - {key: a b, operator: In, values: [c d]}
                role: worker
                poolFrom: "?"
          containers:
            exclude: ["[a]*"]
    """) == [
        f"p.yaml:5: spec.namespaces[0]: 'A' {DNS_LABEL}",
        f"p.yaml:5: spec.namespaces[1]: '*.x' {GLOB}",
        f"p.yaml:7: spec.identity.roleLabels[0]: 'a b' {LABEL_KEY}",
        f"p.yaml:8: spec.identity.poolLabels[0]: 'x/y/z' {LABEL_KEY}",
        f"p.yaml:9: spec.identity.aliases.a b: 'a b' {LABEL_VALUE}",
        f"p.yaml:9: spec.identity.aliases.w: 'A' {DNS_LABEL}",
        f"p.yaml:10: spec.identity.roles[0]: 'A' {DNS_LABEL}",
        f"p.yaml:13: spec.identity.rules[0].selector.matchLabels.a b: 'a b' {LABEL_KEY}",
        f"p.yaml:13: spec.identity.rules[0].selector.matchLabels.d: 'e f' {LABEL_VALUE}",
        (
            "p.yaml:15: spec.identity.rules[0].selector.matchExpressions[0].operator: must be "
            "'In', 'NotIn', 'Exists' or 'DoesNotExist', not 'Has'"
        ),
        "p.yaml:16: spec.identity.rules[0].selector.matchExpressions[1]: operator In needs values",
        (
            "p.yaml:17: spec.identity.rules[0].selector.matchExpressions[2]: operator Exists takes "
            "no values"
        ),
        f"p.yaml:18: spec.identity.rules[0].selector.matchExpressions[3].key: 'a b' {LABEL_KEY}",
        (
            "p.yaml:18: spec.identity.rules[0].selector.matchExpressions[3].values[0]: 'c d' "
            f"{LABEL_VALUE}"
        ),
        f"p.yaml:20: spec.identity.rules[0].poolFrom: '?' {LABEL_KEY}",
        f"p.yaml:22: spec.containers.exclude[0]: '[a]*' {GLOB}",
    ]


def test_a_source_that_reads_two_things_or_none() -> None:
    assert problems("""
        spec:
          scopes:
            - name: a
              roles: [worker]
              envFrom:
                - prefix: A_
                - {secretRef: {name: a}, configMapRef: {name: a}}
    """) == [
        "p.yaml:9: spec.scopes[0].envFrom[0]: name exactly one of secretRef and configMapRef",
        "p.yaml:10: spec.scopes[0].envFrom[1]: name exactly one of secretRef and configMapRef",
    ]


def test_a_rule_that_says_the_pool_in_two_ways() -> None:
    assert problems("""
        spec:
          identity:
            rules:
              - {selector: {}, role: worker, pool: a, poolFrom: b}
    """) == [
        (
            "p.yaml:7: spec.identity.rules[0]: pool and poolFrom contradict each other: keep one "
            "of them"
        )
    ]


def test_a_policy_of_a_name_that_is_taken() -> None:
    assert problems("""
        spec: {}
        ---
        apiVersion: secrets.noxus.ai/v1alpha1
        kind: SecretInjectionPolicy
        metadata:
          name: noxus
        spec: {}
    """) == [
        (
            "p.yaml:9: metadata.name: policy 'noxus' is already defined at p.yaml:3: give this one "
            "another name"
        )
    ]


def test_every_problem_of_every_document_is_told_in_the_order_of_lines() -> None:
    assert problems("""
        spec: {mode: Enforced}
        ---
        5
        ---
        apiVersion: secrets.noxus.ai/v1alpha1
        kind: SecretInjectionPolicy
        metadata: {name: other}
        spec: {namespaces: []}
    """) == [
        "p.yaml:4: spec.mode: must be 'Enforce' or 'DryRun', not 'Enforced'",
        "p.yaml:6: expected a SecretInjectionPolicy, a mapping",
        (
            "p.yaml:11: spec.namespaces: an empty list matches nothing: name at least one, or "
            "remove the field for no limit"
        ),
    ]


CONTROLLER_LABEL = "statefulset.kubernetes.io/pod-name"


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        ("roleLabels: [LABEL]", "roleLabels[0]"),
        ("poolLabels: [x, LABEL]", "poolLabels[1]"),
        (
            "rules: [{selector: {matchLabels: {LABEL: w-0}}, role: worker}]",
            "rules[0].selector",
        ),
        (
            "rules: [{selector: {matchExpressions: [{key: LABEL, operator: Exists}]}, role: beat}]",
            "rules[0].selector",
        ),
        (
            "rules: [{selector: {matchLabels: {a: b}}, role: worker, poolFrom: LABEL}]",
            "rules[0].poolFrom",
        ),
    ],
)
def test_labels_that_controllers_add_do_not_go_with_deployers(identity: str, place: str) -> None:
    scope = "name: a, roles: [worker], envFrom: [{secretRef: {name: s}}]"
    text = f"""
        spec:
          identity: {{{identity.replace("LABEL", CONTROLLER_LABEL)}}}
          scopes: [{{{scope}, deployers: {{groups: [g]}}}}]
    """
    found = problems(text)

    assert [line.split(": ", 2)[1:] for line in found] == [
        [
            f"spec.identity.{place}",
            (
                f"label {CONTROLLER_LABEL} is added by a controller when it makes a pod, after its "
                "template was judged, so that deployers would not hold: choose by a label of the "
                "template"
            ),
        ]
    ]


def test_each_place_that_names_a_label_of_controllers_is_told() -> None:
    rule = f"{{selector: {{matchLabels: {{{CONTROLLER_LABEL}: b}}}}, role: worker}}"
    scope = "name: a, roles: [worker], envFrom: [{secretRef: {name: s}}]"
    found = problems(f"""
        spec:
          identity: {{roleLabels: [{CONTROLLER_LABEL}], rules: [{rule}]}}
          scopes: [{{{scope}, deployers: {{groups: [g]}}}}]
    """)

    assert [line.split(": ", 2)[1] for line in found] == [
        "spec.identity.roleLabels[0]",
        "spec.identity.rules[0].selector",
    ]
