"""Secrets named where others have not looked, or in disguise: bypasses B1 to B4 of the list.

Every field of the API is in test_openapi, and more about debug containers in
test_debug_containers.
"""

from typing import Any

import pytest

from tests.e2e.world import (
    DEBUG_MUTATE,
    MUTATE,
    Namespace,
    container,
    debugger,
    frontend,
    frontend_reads_worker_env,
    secret,
    sources,
)

Json = Any

READS = {"secretKeyRef": {"name": "worker-env", "key": "TOKEN"}}
VARIABLE = {"env": [{"name": "TOKEN", "valueFrom": READS}]}
MOUNT = {"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}
VOLUME = {"name": "keys", "secret": {"secretName": "worker-env"}}

each_list = pytest.mark.parametrize("members", ["containers", "initContainers"])


def refused(namespace: Namespace, body: Json, sentence: str) -> None:
    answer = namespace.create(body)
    assert (answer.status, answer.message) == (403, MUTATE + sentence)
    assert namespace.listed() == []


def with_container(members: str, added: Json) -> Json:
    """Return a frontend with one container of this kind that reads what it should not."""
    if members == "containers":
        return frontend(added)
    return frontend(container("main"), initContainers=[added])


@each_list
def test_b1_env_from_is_checked_in_every_list_of_containers(
    namespace: Namespace, members: str
) -> None:
    greedy = with_container(members, container("app", "worker-env"))

    refused(namespace, greedy, frontend_reads_worker_env(f"spec.{members}[0].envFrom[0].secretRef"))


@each_list
def test_b1_single_keys_are_checked_in_every_list_of_containers(
    namespace: Namespace, members: str
) -> None:
    greedy = with_container(members, container("app", **VARIABLE))

    field = f"spec.{members}[0].env[0].valueFrom.secretKeyRef"
    refused(namespace, greedy, frontend_reads_worker_env(field))


@each_list
def test_b1_volumes_are_checked_whichever_container_mounts_them(
    namespace: Namespace, members: str
) -> None:
    greedy = with_container(members, container("app", **MOUNT))
    greedy["spec"]["volumes"] = [VOLUME]

    field = "spec.volumes[0].secret.secretName"
    refused(namespace, greedy, frontend_reads_worker_env(field, "volume 'keys'"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"envFrom": [secret("worker-env")]}, "envFrom[0].secretRef"),
        (VARIABLE, "env[0].valueFrom.secretKeyRef"),
    ],
)
def test_b2_ephemeral_containers_are_checked_like_others(
    namespace: Namespace, fields: Json, field: str
) -> None:
    there = namespace.created(frontend())

    answer = namespace.debug(there, debugger("shell", **fields))

    place = f"spec.ephemeralContainers[0].{field}"
    sentence = frontend_reads_worker_env(place, "container 'shell'")
    assert (answer.status, answer.message) == (403, DEBUG_MUTATE + sentence)


def test_b3_an_image_pull_secret_is_a_secret(namespace: Namespace) -> None:
    greedy = frontend(imagePullSecrets=[{"name": "worker-env"}])

    refused(namespace, greedy, frontend_reads_worker_env("spec.imagePullSecrets[0]", "the pod"))


def test_b3_an_image_pull_secret_of_the_service_account_is_not_the_pods(
    namespace: Namespace,
) -> None:
    # The API server adds it before webhooks are asked; whoever writes ServiceAccounts may.
    path = f"/api/v1/namespaces/{namespace.name}/serviceaccounts"
    account = {"metadata": {"name": "pulls"}, "imagePullSecrets": [{"name": "registry"}]}
    assert namespace.plane.api("POST", path, account).status == 201

    stored = namespace.created(frontend(serviceAccountName="pulls"))

    assert stored["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert sources(stored) == {"app": ["app-env"]}


@pytest.mark.parametrize(
    "elements",
    [
        [{"secretRef": {"name": "worker-env", "optional": True}}],
        [secret("worker-env", prefix="W_")],
        [secret("app-env"), secret("worker-env"), secret("app-env"), secret("worker-env")],
        [secret(""), secret("worker-env")],
    ],
    ids=["optional", "prefix", "repeated", "behind one without a name"],
)
def test_b4_a_reference_in_disguise_is_a_reference(
    namespace: Namespace, elements: list[Json]
) -> None:
    places = [i for i, it in enumerate(elements) if it["secretRef"]["name"] == "worker-env"]

    answer = namespace.create(frontend(container("app", envFrom=elements)))

    assert answer.status == 403
    for i in places:
        field = f"spec.containers[0].envFrom[{i}].secretRef"
        assert frontend_reads_worker_env(field) in answer.message
