"""A field that is wrong is named with its line, and with what would be right."""

import pytest

from tests.loading.kit import HEAD, problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("specs: {}\nspec: {}", "p.yaml:4: specs: unknown field; did you mean 'spec'?"),
        ("spec: {scope: []}", "p.yaml:4: spec.scope: unknown field; did you mean 'scopes'?"),
        (
            "spec:\n  guard:\n    unknownRoles: Warn",
            "p.yaml:6: spec.guard.unknownRoles: unknown field; did you mean 'unknownRole'?",
        ),
        (
            "spec: {scopes: [{name: a, roles: [], env_from: []}]}",
            "p.yaml:4: spec.scopes[0].env_from: unknown field; did you mean 'envFrom'?",
        ),
        (
            (
                "spec: {scopes: [{name: a, roles: [], envFrom: "
                "[{secretref: {name: a}, configMapRef: {name: a}}]}]}"
            ),
            (
                "p.yaml:4: spec.scopes[0].envFrom[0].secretref: unknown field; did you mean "
                "'secretRef'?"
            ),
        ),
        (
            "spec: {worker: {pools: {a: {envSecret: x}}}}",
            "p.yaml:4: spec.worker.pools.a.envSecret: unknown field; did you mean 'envSecretRef'?",
        ),
        (
            "spec: {identity: {rules: [{selector: {}, role: worker, zzz: 1}]}}",
            (
                "p.yaml:4: spec.identity.rules[0].zzz: unknown field: known here are pool, "
                "poolFrom, role, selector"
            ),
        ),
        (
            (
                "spec: {scopes: [{name: a, roles: [worker], env: [{name: A, valueFrom: "
                "{secretKeyRef: {name: a, key: b, keys: c}}}]}]}"
            ),
            (
                "p.yaml:4: spec.scopes[0].env[0].valueFrom.secretKeyRef.keys: unknown field; did "
                "you mean 'key'?"
            ),
        ),
        (
            "spec: {worker: {pools: {a.b/c: {}}}}",
            (
                "p.yaml:4: spec.worker.pools[a.b/c]: 'a.b/c' is not a label value: use up to 63 "
                "letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"
            ),
        ),
    ],
)
def test_an_unknown_field_is_named_with_the_nearest_known_one(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("mode: enforce", "spec.mode: must be 'Enforce' or 'DryRun', not 'enforce'"),
        ("mode: 1", "spec.mode: must be 'Enforce' or 'DryRun', not 1"),
        ("namespaces: noxus", "spec.namespaces: expected a list, not 'noxus'"),
        ("namespaces: [no]", "spec.namespaces[0]: expected text, not false"),
        ("namespaces: [5]", "spec.namespaces[0]: expected text, not 5"),
        ("scopes: {}", "spec.scopes: expected a list, not a mapping"),
        ("scopes: [a]", "spec.scopes[0]: expected a mapping, not 'a'"),
        ("identity: []", "spec.identity: expected a mapping, not a list"),
        ("worker: {pools: [a]}", "spec.worker.pools: expected a mapping, not a list"),
        (
            "worker: {pools: {a: {enabled: 'yes'}}}",
            "spec.worker.pools.a.enabled: expected true or false, not 'yes'",
        ),
        (
            "containers:",
            "spec.containers: expected a mapping, not null (write a value, or remove the field)",
        ),
        (
            "guard: {shadowing: null}",
            (
                "spec.guard.shadowing: must be 'Allow', 'Warn' or 'Deny', not null (write a value, "
                "or remove the field)"
            ),
        ),
        (
            "worker: {pools: {a: }}",
            (
                "spec.worker.pools.a: expected a mapping, not null (write a value, or remove the "
                "field)"
            ),
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_said_to_be_so(field: str, expected: str) -> None:
    assert problems(f"spec:\n  {field}") == [f"p.yaml:5: {expected}"]


def test_what_the_document_says_it_is_must_be_right() -> None:
    assert problems("spec: {}", head="apiVersion: v1\nkind: SecretPolicy\nmetadata: {}\n") == [
        "p.yaml:1: apiVersion: must be 'secrets.noxus.ai/v1alpha1', not 'v1'",
        "p.yaml:2: kind: must be 'SecretInjectionPolicy', not 'SecretPolicy'",
        "p.yaml:3: metadata.name: is required",
    ]


def test_a_policy_without_a_spec_is_told_at_its_beginning() -> None:
    assert problems("") == ["p.yaml:1: spec: is required"]


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (
            "{name: A}",
            (
                "metadata.name: 'A' is not an object name: use up to 253 lower-case letters, "
                "digits, '-' and '.', each part beginning and ending with a letter or digit"
            ),
        ),
        (
            "{name: a, generation: x}",
            (
                "metadata.generation: Input should be a valid integer, unable to parse string as "
                "an integer"
            ),
        ),
        ("{name: a, generation: []}", "metadata.generation: expected a whole number, not a list"),
        ("5", "metadata: expected a mapping, not 5"),
    ],
)
def test_metadata_is_checked(metadata: str, expected: str) -> None:
    head = HEAD.replace("{name: noxus}", metadata)
    assert problems("spec: {}", head=head) == [f"p.yaml:3: {expected}"]
