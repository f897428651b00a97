"""All policies of a cluster, for commands: in order, with names and fields in place of lines."""

import pytest

from tests.cluster.test_policies import BROKEN, WHY, resource
from webhook.commands.explained import Explained
from webhook.loading.problems import PolicyError
from webhook.loading.resource import load_resources


def test_the_older_policy_comes_first_then_the_lower_name() -> None:
    resources = [
        resource("c", created="02"),
        resource("b", created="02"),
        resource("a", created="03"),
    ]

    loaded = load_resources(resources)

    assert [it.name for it in loaded.policies.policies] == ["b", "c", "a"]


def test_a_policy_is_known_by_its_name_and_the_generation_of_the_resource() -> None:
    loaded = load_resources([resource("noxus", generation=7)])

    assert [it.label for it in loaded.policies.policies] == ["noxus/7"]


def test_every_problem_names_the_policy_and_the_field() -> None:
    with pytest.raises(PolicyError) as caught:
        load_resources([resource("good"), resource("bad", **BROKEN)])

    assert str(caught.value) == f"SecretInjectionPolicy/bad: {WHY}"


def test_warnings_name_it_too() -> None:
    pools = {"role": "worker", "pools": {"a": {"envSecretRef": "s"}}}

    (warning,) = load_resources([resource("noxus", worker=pools)]).warnings()

    assert str(warning) == (
        "SecretInjectionPolicy/noxus: spec.worker.pools.a: pool 'a' is not limited by namespaces: "
        "labels are chosen by whoever creates the pod, and only the namespace separates tenants"
    )


def test_no_policy_at_all_is_an_empty_set() -> None:
    assert len(load_resources([]).policies) == 0


def test_an_explanation_names_the_field_where_there_are_no_lines() -> None:
    (source,) = load_resources([resource("noxus")]).sources

    explained = Explained.__new__(Explained)
    object.__setattr__(explained, "document", source.document)

    assert explained.line("spec", "scopes", 0) == "SecretInjectionPolicy/noxus spec.scopes[0]"
    assert explained.line() == "SecretInjectionPolicy/noxus"
    assert explained.line("spec", "mode") == ""
