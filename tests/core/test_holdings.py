"""Who may touch a pod that is there is asked of each Secret that it reads, and told in full."""

import copy
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.kit import of_role, policy, refusals, secret
from tests.wire.kit import review, send
from webhook.core.decision import Allow, Deny, Finding, Reason
from webhook.core.deployers import Deployer
from webhook.core.entitlement import Who
from webhook.core.holdings import may_not_write_revision
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


ELSEWHERE = """
scopes:
  - name: guarded
    roles: [worker]
    namespaces: [elsewhere]
    deployers: {groups: [deployers]}
    envFrom: [{secretRef: {name: vault-env}}]
"""
MOUNTED = """
scopes:
  - name: free
    roles: [frontend, backend]
    containers: [other]
    envFrom: [{secretRef: {name: vault-env}}]
  - name: guarded
    roles: [worker, backend]
    deployers: {groups: [deployers]}
    envFrom: [{secretRef: {name: vault-env}}]
"""


def new_image(pod: Json, spec: str, *groups: str) -> bool:
    """Tell whether another image is allowed to a user of these groups."""
    old, new = copy.deepcopy(pod), copy.deepcopy(pod)
    new["spec"]["containers"][0]["image"] = "b"
    user = {"username": "jane", "groups": [*groups]}
    given = review(new, oldObject=old, operation="UPDATE", userInfo=user)
    return isinstance(send(given, hook=Hook.VALIDATE, spec=spec).decision, Allow)


def test_where_no_pod_could_have_it_today_all_who_hold_it_are_asked() -> None:
    main = {"name": "main", "image": "a", "envFrom": [secret("vault-env")]}
    pod = of_role("worker", {"containers": [main]})

    assert not new_image(pod, ELSEWHERE)
    assert new_image(pod, ELSEWHERE, "deployers")


@pytest.mark.parametrize("role", ["worker", "backend", "sandbox"])
def test_a_volume_is_held_by_whom_its_readers_have_it_from(role: str) -> None:
    mounts = [{"name": "v", "mountPath": "/v"}]
    volume = {"name": "v", "secret": {"secretName": "vault-env"}}
    pod = of_role(
        role,
        {
            "containers": [{"name": "main", "image": "a", "volumeMounts": mounts}],
            "volumes": [volume],
        },
    )

    assert not new_image(pod, MOUNTED)
    assert new_image(pod, MOUNTED, "deployers")


def test_a_revision_is_refused_as_a_whole() -> None:
    who = Who(None, None, "noxus", "default", Deployer("jane"))

    assert may_not_write_revision(who, policy(SPEC)) == Finding(
        Reason.DEPLOYER_NOT_ENTITLED,
        "user 'jane' may not write ControllerRevisions: controllers make pods of them, and this "
        "user is not among the deployers of all that needs one in this policy; leave them to "
        "Kubernetes' own controllers",
        "data",
        "user 'jane' may not write ControllerRevisions",
    )
