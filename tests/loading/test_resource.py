"""A resource of the cluster is loaded by the rules of a file."""

import copy
from typing import Any

import pytest
import yaml

from tests.loading.kit import HEAD
from webhook.loading.load import load_text
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resource

Json = Any

SCOPE = {"name": "shared", "roles": ["worker"], "envFrom": [{"secretRef": {"name": "app-env"}}]}


def resource(spec: Json, **metadata: Json) -> Json:
    """Return a policy as the API server sends it."""
    return {
        "apiVersion": "secrets.noxus.ai/v1alpha1",
        "kind": "SecretInjectionPolicy",
        "metadata": {
            "name": "noxus",
            "uid": "9b0b5d39-5b36-4d2a-8d1b-3a5c5a3a6a4e",
            "generation": 3,
            "resourceVersion": "812",
            "creationTimestamp": "2026-11-24T10:00:00Z",
            "labels": {"app.kubernetes.io/part-of": "noxus"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "finalizers": ["example.com/wait"],
            "ownerReferences": [{"kind": "Application", "name": "noxus"}],
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:rols": {}}}}],
            **metadata,
        },
        "spec": spec,
    }


def problems(spec: Json, **metadata: Json) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        load_resource(resource(spec, **metadata))
    return str(raised.value).splitlines()


def test_it_is_the_policy_that_a_file_would_be() -> None:
    written = yaml.safe_dump({"spec": {"scopes": [SCOPE]}})

    loaded = load_resource(resource({"scopes": [SCOPE]}))

    assert loaded.spec == load_text(HEAD + written).sources[0].policy.spec


def test_of_its_metadata_name_generation_and_age_are_read() -> None:
    metadata = load_resource(resource({})).metadata

    assert (metadata.name, metadata.generation, metadata.creation_timestamp) == (
        "noxus",
        3,
        "2026-11-24T10:00:00Z",
    )


def test_what_the_api_server_adds_makes_no_difference() -> None:
    said = resource({"scopes": [SCOPE]})
    bare = copy.deepcopy(said)
    bare["metadata"] = {
        key: said["metadata"][key] for key in ("name", "generation", "creationTimestamp")
    }

    said["status"] = {"conditions": "no list", "spec": {"mode": "Nonsense"}}

    assert load_resource(said) == load_resource(bare)


def test_it_is_not_changed_by_loading() -> None:
    said = resource({"scopes": [SCOPE]}) | {"status": {"pools": 1}}
    before = copy.deepcopy(said)

    load_resource(said)

    assert said == before


def test_a_misspelt_field_is_told_with_its_path_and_the_one_that_was_meant() -> None:
    assert problems({"scopes": [SCOPE | {"rols": ["beat"]}]}) == [
        "spec.scopes[0].rols: unknown field; did you mean 'roles'?"
    ]


def test_every_problem_is_told() -> None:
    spec = {
        "mode": "Enforced",
        "scopes": [{"name": "shared", "envFrom": [{"secretRef": {"name": "A"}}]}],
        "worker": {"pools": {"tenant-a": {"envSecretReff": "a"}}},
    }

    assert problems(spec) == [
        "spec.mode: must be 'Enforce' or 'DryRun', not 'Enforced'",
        "spec.scopes[0].roles: is required",
        (
            "spec.scopes[0].envFrom[0].secretRef.name: 'A' is not an object name: use up to 253 "
            "lower-case letters, digits, '-' and '.', each part beginning and ending with a letter "
            "or digit"
        ),
        ("spec.worker.pools.tenant-a.envSecretReff: unknown field; did you mean 'envSecretRef'?"),
    ]


def test_what_concerns_several_fields_is_refused_as_in_a_file() -> None:
    spec = {"scopes": [SCOPE], "worker": {"pools": {"a": {"envSecretRef": "app-env"}}}}

    assert problems(spec) == [
        (
            "spec.worker.pools.a.envSecretRef: Secret 'app-env' is also a source of scope "
            "'shared', whose pods would read this pool's keys: use two Secrets"
        )
    ]


def test_a_name_that_is_no_object_name_is_told() -> None:
    assert problems({}, name="A") == [
        (
            "metadata.name: 'A' is not an object name: use up to 253 lower-case letters, digits, "
            "'-' and '.', each part beginning and ending with a letter or digit"
        )
    ]


@pytest.mark.parametrize("metadata", [None, "noxus", []])
def test_without_metadata_the_name_is_missed(metadata: Json) -> None:
    with pytest.raises(PolicyError) as raised:
        load_resource(resource({}) | {"metadata": metadata})

    assert str(raised.value) == "metadata.name: is required"


def test_another_kind_is_refused() -> None:
    with pytest.raises(PolicyError) as raised:
        load_resource(resource({}) | {"kind": "Policy"})

    assert str(raised.value) == "kind: must be 'SecretInjectionPolicy', not 'Policy'"


@pytest.mark.parametrize("field", ["affinity", "afinity"])
def test_what_is_nested_too_deeply_is_a_problem_and_no_crash(field: str) -> None:
    nested: Json = {}
    for _ in range(5_000):
        nested = {"a": nested}

    assert problems({"worker": {"pools": {"p": {field: nested}}}}) == [
        "the SecretInjectionPolicy is nested too deeply"
    ]
