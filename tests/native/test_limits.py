"""Policies that an API server would not take are refused with what it takes."""

from tests.native.kit import policies, policy, pools
from webhook.native.export import objects_of
from webhook.native.limits import too_large


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


def test_two_thousand_scopes_are_too_long_an_expression() -> None:
    scopes = [
        {
            "name": f"scope-{i}",
            "roles": ["worker"],
            "envFrom": [{"secretRef": {"name": f"secret-{i}"}}],
        }
        for i in range(2_000)
    ]
    many = policies({}, {"scopes": scopes})

    assert list(too_large(objects_of(many), many)) == [
        (
            "policy 'noxus-1' has 2,000 scopes, which make an expression of 149,917 characters; "
            "CEL takes 100,000: split the policy by spec.namespaces, or leave it to the webhook"
        )
    ]


def test_a_name_that_grows_too_long_is_told() -> None:
    objects = objects_of([policy()])
    objects[0]["metadata"]["name"] = "n" * 254

    assert list(too_large(objects, ())) == [
        f"object '{'n' * 254}': the name is longer than 253 characters"
    ]
