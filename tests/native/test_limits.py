"""Policies that an API server would not take are refused with what it takes."""

import pytest

from tests.native.kit import policies, policy, pools
from webhook.native.export import objects_of
from webhook.native.limits import too_large

pytestmark = pytest.mark.slow


def test_five_thousand_pools_are_taken() -> None:
    many = (policy(worker=pools(5_000)),)

    assert list(too_large(objects_of(many), many)) == []


def test_twenty_thousand_pools_are_too_large_an_object() -> None:
    many = (policy(worker=pools(20_000)),)

    assert list(too_large(objects_of(many), many)) == [
        (
            "policy 'noxus' has 20,000 pools and 4 scopes, which make object "
            "noxus-secrets.refuse.noxus 2.5 MiB large; CEL in the API server takes 1 MiB, about "
            "8,000 such pools: split the policy by spec.namespaces, or leave it to the webhook"
        )
    ]


def scopes(count: int) -> list[dict[str, object]]:
    return [
        {
            "name": f"scope-{i}",
            "roles": ["worker"],
            "envFrom": [{"secretRef": {"name": f"secret-{i}"}}],
        }
        for i in range(count)
    ]


def test_a_role_may_be_given_a_hundred_sources() -> None:
    many = (policy(scopes=scopes(100)),)

    assert list(too_large(objects_of(many), many)) == []


def test_more_sources_of_one_role_than_cel_can_arrange_are_refused() -> None:
    many = policies({}, {"scopes": scopes(101)})

    assert list(too_large(objects_of(many), many)) == [
        (
            "policy 'noxus-1' gives role worker 101 sources; CEL in the API server can arrange 100 "
            "of them: put keys together in fewer Secrets, or leave it to the webhook"
        )
    ]


def test_a_list_of_names_that_is_too_long_an_expression_is_refused() -> None:
    many = (policy(namespaces=[f"namespace-{i:06}" for i in range(6_000)]),)

    assert list(too_large(objects_of(many), many)) == [
        (
            "policy 'noxus' makes an expression of 120,021 characters, as of a long list of names; "
            "CEL takes 100,000: use globs, or split the policy"
        )
    ]


def test_a_name_that_grows_too_long_is_told() -> None:
    objects = objects_of([policy()])
    objects[0]["metadata"]["name"] = "n" * 254

    assert list(too_large(objects, ())) == [
        f"object '{'n' * 254}': the name is longer than 253 characters"
    ]
