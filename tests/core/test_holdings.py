"""Who may touch a pod that is there is asked of each Secret that it reads, and told in full."""

from dataclasses import replace
from typing import Any

import pytest

from tests.core.kit import of_role, refusals, secret
from tests.wire.kit import review, send
from webhook.core.decision import Deny, Finding, Reason
from webhook.core.words import Hook

Json = Any

SPEC = """
scopes:
  - name: free
    roles: [worker]
    envFrom: [{secretRef: {name: app-env}}]
  - name: guarded
    roles: [worker]
    deployers: {groups: [deployers]}
    envFrom: [{secretRef: {name: vault-env}}, {secretRef: {name: more-env}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm, deployers: {groups: [tenant-a]}}
"""


def changed(*secrets: str, pool: str = "", groups: tuple[str, ...] = ()) -> Deny:
    """Return the refusal of another image in a worker that reads some Secrets."""

    def pod(image: str) -> Json:
        elements = [secret(it) for it in secrets]
        main = {"name": "main", "image": image, "envFrom": elements}
        return of_role("worker", {"containers": [main]}, pool=pool)

    user = {"username": "jane", "groups": [*groups]}
    given = review(pod("b"), oldObject=pod("a"), operation="UPDATE", userInfo=user)
    decision = send(given, hook=Hook.VALIDATE, spec=SPEC).decision
    assert isinstance(decision, Deny)
    return decision


def test_it_says_who_may_not_do_what_because_of_which_secret_of_which_scope() -> None:
    (told,) = changed("app-env", "vault-env").refusals

    # By `about` two versions of an object are compared: it names the Secret whatever its place.
    assert told.about.startswith("vault-env spec.containers[].envFrom[].secretRef ")
    assert replace(told, about="") == (
        Finding(
            Reason.DEPLOYER_NOT_ENTITLED,
            "user 'jane' may not change the images of this pod: container 'main' reads Secret "
            "'vault-env' (spec.containers[0].envFrom[1].secretRef) of scope 'guarded', and this "
            "user is not among its deployers; have one of them do it",
            "spec.containers[0].envFrom[1].secretRef",
            "user 'jane' may not change the images of this pod, which reads Secret 'vault-env'",
        )
    )


def test_the_pool_of_a_secret_is_called_a_pool() -> None:
    (told,) = refusals(changed("tenant-a-llm", pool="tenant-a", groups=("deployers",)))

    assert "of worker pool 'tenant-a', and this user is not among its deployers" in told


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        (("vault-env", "vault-env"), ["vault-env"]),
        (("vault-env", "app-env", "more-env"), ["vault-env", "more-env"]),
        (("vault-env", "vault-env", "more-env"), ["vault-env", "more-env"]),
    ],
)
def test_each_secret_is_told_once_and_none_hides_another(
    secrets: tuple[str, ...], told: list[str]
) -> None:
    sentences = refusals(changed(*secrets))

    assert [next(it for it in told if f"'{it}'" in line) for line in sentences] == told


def test_the_pool_of_a_pod_counts_as_that_by_which_it_has_the_secret() -> None:
    both = refusals(changed("tenant-a-llm", "vault-env", pool="tenant-a"))

    assert ["worker pool" in it for it in both] == [True, False]


def test_a_debug_container_is_told_of_what_the_pod_reads_and_of_what_it_would_get() -> None:
    old = of_role("worker", {"containers": [{"name": "main", "envFrom": [secret("tenant-a-llm")]}]})
    new = of_role("worker", old["spec"] | {"ephemeralContainers": [{"name": "debug"}]})
    user = {"username": "jane", "groups": []}
    given = review(
        new, oldObject=old, operation="UPDATE", userInfo=user, subResource="ephemeralcontainers"
    )

    decision = send(given, spec=SPEC + "\ncontainers: {ephemeral: Inject}\n").decision

    assert [it.split(":")[0].split(";")[0] for it in refusals(decision)] == [
        "user 'jane' may not debug this pod",
        (
            "user 'jane' is not among the deployers of what role worker is given in namespace "
            "'noxus'"
        ),
    ]
