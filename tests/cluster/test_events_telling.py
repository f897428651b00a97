"""What an Event says, of which object, and of which decisions there is none."""

import json
from typing import Any

import pytest

from tests.core.kit import CIRCLES, policy
from tests.wire.kit import PODS, WEB, review, send, with_record
from webhook.cluster.telling import MAX_NOTE, Reason, Telling, clip_bytes, telling
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.subject import Subject

Json = Any

UID = "c1a7b5b2-0f3e-4b0e-8d57-1f3e5a9b7c21"
OWNER = Subject("apps/v1", "ReplicaSet", "web-7d9c", UID)
POD = Subject("v1", "Pod", "web", "")
REFERENCE = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "name": "web-7d9c",
    "uid": UID,
    "controller": True,
}
REFUSAL = (
    "container 'web' may not read Secret 'worker-env' (spec.containers[0].envFrom[0].secretRef): "
    "it belongs to scope 'worker', and role frontend is not entitled to it (only worker); remove "
    "it, or have the policy's owner add role frontend to it"
)
GIFT = "a pod of role frontend gets scope shared by policy noxus"
CANARY = "canary-7f3a"


def pod(*secrets: str, **metadata: Json) -> Json:
    """A frontend of a ReplicaSet that reads these Secrets."""
    envs = [{"secretRef": {"name": name}} for name in secrets]
    meta = WEB["metadata"] | {"ownerReferences": [REFERENCE]} | metadata
    container = {"name": "web", "envFrom": envs, "env": [{"name": "A", "value": CANARY}]}
    return {**WEB, "metadata": meta, "spec": {"containers": [container]}}


READY = pod("app-env")
GREEDY = pod("worker-env")


def told(obj: Json, hook: Hook, mode: NamespaceMode, **request: Json) -> Telling | None:
    return telling(send(review(obj, **request), hook=hook, mode=mode))


def both(obj: Json, mode: NamespaceMode, **request: Json) -> list[Telling | None]:
    """Ask both hooks, as the API server does while nobody refuses."""
    return [told(obj, hook, mode, **request) for hook in (Hook.MUTATE, Hook.VALIDATE)]


def test_what_a_pod_gets_is_told_once_by_the_hook_that_sees_the_final_pod() -> None:
    assert both(READY, NamespaceMode.ENABLED) == [
        None,
        Telling("noxus", OWNER, Reason.INJECTED, warning=False, note=GIFT),
    ]


@pytest.mark.parametrize("hook", list(Hook))
def test_a_refusal_is_told_by_the_hook_that_refuses(hook: Hook) -> None:
    assert told(GREEDY, hook, NamespaceMode.ENABLED) == Telling(
        "noxus", OWNER, Reason.REFUSED, warning=True, note=REFUSAL
    )


def test_a_pod_whose_sources_got_lost_is_told_of() -> None:
    given = told(pod(), Hook.VALIDATE, NamespaceMode.ENABLED)
    assert given is not None
    assert (given.reason, given.warning) == (Reason.REFUSED, True)
    assert "was not injected; create it again" in given.note


def test_in_dry_run_the_validating_hook_tells_what_enforcement_would_have_done() -> None:
    dry_run = NamespaceMode.DRY_RUN
    assert both(GREEDY, dry_run) == [
        None,
        Telling(
            "noxus",
            OWNER,
            Reason.DRY_RUN,
            warning=True,
            note=f"dry run: would refuse: {REFUSAL}",
        ),
    ]
    assert both(pod(), dry_run) == [
        None,
        Telling(
            "noxus",
            OWNER,
            Reason.DRY_RUN,
            warning=False,
            note="dry run: a pod of role frontend would get scope shared by policy noxus",
        ),
    ]


def test_the_scopes_are_named_in_their_order() -> None:
    meta = {"name": "w", "labels": {"noxus.ai/role": "worker", "noxus.ai/worker-pool": "tenant-a"}}
    given = told({**READY, "metadata": meta}, Hook.VALIDATE, NamespaceMode.DRY_RUN)
    assert given is not None
    assert given.note == (
        "dry run: a pod of role worker would get scopes shared, worker, pool/tenant-a "
        "by policy noxus"
    )


def test_a_new_generation_of_the_policy_says_the_same() -> None:
    first, second = (
        telling(
            send(review(READY), hook=Hook.VALIDATE, policies=PolicySet([policy(CIRCLES)], number))
        )
        for number in (1, 2)
    )
    assert first is not None
    assert first == second


@pytest.mark.parametrize("obj", [READY, GREEDY, pod()])
@pytest.mark.parametrize("mode", list(NamespaceMode))
def test_nothing_is_told_of_a_server_side_dry_run(obj: Json, mode: NamespaceMode) -> None:
    assert both(obj, mode, dryRun=True) == [None, None]


@pytest.mark.parametrize("mode", list(NamespaceMode))
def test_nothing_is_told_of_pods_that_get_nothing(mode: NamespaceMode) -> None:
    assert both(pod(labels={}), mode) == [None, None]


def test_nothing_is_told_of_objects_that_are_not_judged() -> None:
    deployments = {"group": "apps", "version": "v1", "resource": "deployments"}
    assert both(GREEDY, NamespaceMode.ENABLED, resource=deployments) == [None, None]


def test_nothing_is_told_of_a_refused_workload_whose_author_reads_why() -> None:
    given = send(review(GREEDY))
    assert telling(given) is not None
    elsewhere = with_record(given, resource="deployments")
    assert telling(elsewhere) is None


def test_a_mirror_pod_gets_nothing_and_is_told_of_only_where_it_is_refused() -> None:
    node = {"username": "system:node:a", "groups": ["system:nodes"]}
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": []}
    assert both(pod("app-env", **mirror), NamespaceMode.ENABLED, userInfo=node) == [None, None]
    refused = told(pod("worker-env", **mirror), Hook.VALIDATE, NamespaceMode.ENABLED, userInfo=node)
    assert refused is not None
    assert (refused.subject, refused.reason) == (POD, Reason.REFUSED)


def test_without_an_owner_the_pod_is_told_of_by_the_name_that_it_was_given() -> None:
    bare = pod("worker-env", ownerReferences=None, uid=UID)
    del bare["metadata"]["name"]
    given = told(bare, Hook.VALIDATE, NamespaceMode.ENABLED, name="web-x7k2p")
    assert given is not None
    assert given.subject == Subject("v1", "Pod", "web-x7k2p", UID)


def test_where_there_is_nobody_to_tell_of_nothing_is_told() -> None:
    nameless = pod("worker-env", ownerReferences=None, name=None)
    assert told(nameless, Hook.MUTATE, NamespaceMode.ENABLED) is None


@pytest.mark.parametrize("namespace", ["../secrets", "kube-system/pods/x?y", "", "A", "x" * 64])
def test_a_namespace_that_cannot_be_one_does_not_become_part_of_a_path(namespace: str) -> None:
    assert told(GREEDY, Hook.MUTATE, NamespaceMode.ENABLED, namespace=namespace) is None


def debugged(*secrets: str) -> Json:
    """The request that adds a debug container to a stored pod."""
    old = pod("app-env")
    new = json.loads(json.dumps(old))
    envs = [{"secretRef": {"name": name}} for name in secrets]
    new["spec"]["ephemeralContainers"] = [{"name": "debug", "envFrom": envs}]
    return {
        "object": new,
        "oldObject": old,
        "operation": "UPDATE",
        "subResource": "ephemeralcontainers",
        "name": "web",
    }


def test_a_debug_container_that_is_refused_is_told_of_its_pod() -> None:
    request = debugged("worker-env")
    given = told(request.pop("object"), Hook.VALIDATE, NamespaceMode.ENABLED, **request)
    assert given is not None
    assert (given.subject, given.reason) == (POD, Reason.REFUSED)
    assert given.note.startswith("container 'debug' may not read Secret 'worker-env'")


def test_a_debug_container_that_gets_nothing_is_not_told_of() -> None:
    request = debugged()
    obj = request.pop("object")
    assert both(obj, NamespaceMode.ENABLED, **request) == [None, None]
    assert both(obj, NamespaceMode.DRY_RUN, **request) == [None, None]


@pytest.mark.parametrize(
    ("mode", "reason", "note"),
    [
        (
            NamespaceMode.ENABLED,
            Reason.INJECTED,
            "a debug container gets scope shared by policy noxus",
        ),
        (
            NamespaceMode.DRY_RUN,
            Reason.DRY_RUN,
            "dry run: a debug container would get scope shared by policy noxus",
        ),
    ],
)
def test_what_a_debug_container_gets_is_told_by_the_hook_that_gives_it(
    mode: NamespaceMode, reason: Reason, note: str
) -> None:
    spec = CIRCLES + "containers: {ephemeral: Inject}\n"
    request = debugged()
    body = review(request.pop("object"), **request)

    given = telling(send(body, hook=Hook.MUTATE, mode=mode, spec=spec))

    assert given == Telling("noxus", POD, reason, warning=False, note=note)
    assert body["request"]["resource"] == PODS


@pytest.mark.parametrize("hook", list(Hook))
@pytest.mark.parametrize("mode", list(NamespaceMode))
@pytest.mark.parametrize("obj", [READY, GREEDY, pod()])
def test_no_value_of_a_variable_is_told(hook: Hook, mode: NamespaceMode, obj: Json) -> None:
    assert CANARY in json.dumps(obj)
    assert CANARY not in repr(told(obj, hook, mode))


def test_a_note_is_at_most_as_many_bytes_as_the_api_allows() -> None:
    many = pod(*["worker-env"] * 12)
    given = told(many, Hook.MUTATE, NamespaceMode.ENABLED)
    assert given is not None
    assert given.note.startswith("12 reasons: (1) container 'web' may not read")
    assert given.note.endswith("…")
    assert len(given.note.encode()) <= MAX_NOTE


@pytest.mark.parametrize(
    ("text", "clipped"),
    [("abcdef", "abcdef"), ("abcdefg", "abc…"), ("äöü", "äöü"), ("äöüß", "ä…"), ("", "")],
)
def test_a_text_is_clipped_between_characters(text: str, clipped: str) -> None:
    assert clip_bytes(text, 6) == clipped
