"""The models of a policy: closed, frozen, strict, with the defaults that the reference names."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.core.kit import model
from webhook.core.policy import Policy, Reaction
from webhook.core.policy_identity import LabelSelectorRequirement, Rule
from webhook.core.policy_sources import EnvFromSource

BARE = {
    "apiVersion": "secrets.noxus.ai/v1alpha1",
    "kind": "SecretInjectionPolicy",
    "metadata": {"name": "noxus"},
    "spec": {},
}


def read(document: dict[str, Any]) -> Policy:
    return Policy.model_validate_json(json.dumps(document))


def test_what_is_not_written_has_the_documented_default() -> None:
    spec = read(BARE).spec
    assert spec.mode == "Enforce"
    assert spec.namespaces is None
    assert spec.scopes == ()
    assert spec.identity.role_labels == ("noxus.ai/role",)
    assert spec.identity.pool_labels == ("noxus.ai/worker-pool",)
    assert spec.identity.aliases == {}
    assert spec.identity.roles == ()
    assert spec.identity.rules == ()
    assert spec.worker.role == "worker"
    assert spec.worker.pools == {}
    assert spec.containers.ephemeral == "Skip"
    assert spec.guard.unknown_role is Reaction.WARN
    assert spec.guard.unknown_pool is Reaction.DENY
    assert spec.guard.shadowing is Reaction.WARN
    assert spec.guard.unmanaged_secrets is Reaction.ALLOW


def test_the_sidecars_of_other_injectors_are_excluded_unless_said_otherwise() -> None:
    assert read(BARE).spec.containers.exclude == (
        "istio-proxy",
        "istio-init",
        "istio-validation",
        "linkerd-*",
        "vault-agent*",
        "daprd",
        "otc-container",
        "datadog-*",
        "cloud-sql-proxy",
    )


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="Instance is frozen"):
        read(BARE).spec.mode = "DryRun"  # type: ignore[misc, assignment]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        read(BARE | {"spec": {"scope": []}})


def test_metadata_and_status_of_the_api_server_are_accepted() -> None:
    metadata = {"name": "a", "uid": "1", "generation": 4, "creationTimestamp": "2026-01-01T00:00Z"}
    policy = read(BARE | {"metadata": metadata, "status": {"conditions": []}})
    assert policy.metadata.generation == 4
    assert policy.metadata.creation_timestamp == "2026-01-01T00:00Z"


def test_nothing_is_guessed_from_another_type() -> None:
    for wrong in ({"mode": 1}, {"namespaces": "noxus"}, {"worker": {"pools": {"a": "b"}}}):
        with pytest.raises(ValidationError):
            read(BARE | {"spec": wrong})


@pytest.mark.parametrize(
    "element",
    [{}, {"secretRef": {"name": "a"}, "configMapRef": {"name": "a"}}],
)
def test_a_source_reads_exactly_one_thing(element: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="name exactly one of secretRef and configMapRef"):
        EnvFromSource.model_validate(element)


def test_a_source_says_what_it_reads() -> None:
    secret = EnvFromSource.model_validate({"secretRef": {"name": "a"}})
    config = EnvFromSource.model_validate({"configMapRef": {"name": "b"}})
    assert [(kind, ref.name) for kind, ref in (secret.read, config.read)] == [
        ("Secret", "a"),
        ("ConfigMap", "b"),
    ]


@pytest.mark.parametrize(
    ("operator", "values", "message"),
    [
        ("In", [], "operator In needs values"),
        ("NotIn", [], "operator NotIn needs values"),
        ("Exists", ["a"], "operator Exists takes no values"),
        ("DoesNotExist", ["a"], "operator DoesNotExist takes no values"),
    ],
)
def test_an_expression_has_values_where_its_operator_needs_them(
    operator: str, values: list[str], message: str
) -> None:
    requirement = {"key": "a", "operator": operator, "values": values}
    with pytest.raises(ValidationError, match=message):
        LabelSelectorRequirement.model_validate_json(json.dumps(requirement))


def test_a_rule_has_one_way_to_say_the_pool() -> None:
    rule = {"selector": {}, "role": "worker", "pool": "a", "poolFrom": "b"}
    message = "pool and poolFrom contradict each other: keep one of them"
    with pytest.raises(ValidationError, match=message):
        Rule.model_validate_json(json.dumps(rule))


def test_the_chart_s_own_fields_of_a_pool_are_accepted_and_ignored() -> None:
    fields = (
        "replicaCount",
        "workerSubscribe",
        "workerSubscribeTenants",
        "workerSubscribeWorkspaces",
        "resources",
        "autoscaling",
        "podDisruptionBudget",
        "affinity",
        "nodeSelector",
        "tolerations",
        "topologySpreadConstraints",
    )
    for value in (1, "a", [1], {"a": {"b": None}}, None):
        pool = dict.fromkeys(fields, value) | {"envSecretRef": "a-env"}
        read_pool = model(json.dumps({"worker": {"pools": {"a": pool}}})).spec.worker.pools["a"]
        assert (read_pool.env_secret_ref, read_pool.enabled) == ("a-env", True)
