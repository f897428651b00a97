"""Less than a whole Secret, and less than a whole pod: keys, and containers."""

from typing import Any

import pytest

from tests.e2e.workloads import DEPLOYMENT, WORKLOADS, create
from tests.e2e.world import (
    DEBUG_MUTATE,
    MUTATE,
    Namespace,
    container,
    debugger,
    pod,
)

Json = Any

KEY, SECRET = "PLUGIN_SERVER_API_KEY", "plugin-secrets"
MOUNT = {"volumeMounts": [{"name": "keys", "mountPath": "/keys"}]}
ONE_KEY = [{"key": KEY, "path": "key"}]
BOTH_KEYS = [*ONE_KEY, {"key": "OTHER", "path": "other"}]


def variable(key: str = KEY, name: str = KEY) -> Json:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}}


def volume(items: list[Json] | None = None, *, projected: bool = False) -> Json:
    chosen = {"items": items} if items else {}
    if projected:
        return {"name": "keys", "projected": {"sources": [{"secret": {"name": SECRET} | chosen}]}}
    return {"name": "keys", "secret": {"secretName": SECRET} | chosen}


def backend(*containers: Json, **spec: Any) -> Json:  # noqa: ANN401
    return pod("backend", None, *containers, **spec)


API, SIDECAR = container("api"), container("sidecar")
GRANTED = {
    "a key in the container that is meant": backend(container("api", env=[variable()])),
    "under another name": backend(container("api", env=[variable(name="OWN")])),
    "in an init container that is meant": backend(
        API, initContainers=[container("plugin-setup", env=[variable()])]
    ),
    "a volume of that key": backend(container("api", **MOUNT), volumes=[volume(ONE_KEY)]),
    "a projected one": backend(
        container("api", **MOUNT), volumes=[volume(ONE_KEY, projected=True)]
    ),
    "one that two read who are meant": backend(
        container("api", **MOUNT), container("plugin-a", **MOUNT), volumes=[volume(ONE_KEY)]
    ),
}
REFUSED = {
    "all of it in a second container": (backend(API, container("sidecar", SECRET)), "container"),
    "all of it in the first": (backend(container("api", SECRET)), "container"),
    "the key in a second container": (
        backend(API, container("sidecar", env=[variable()])),
        "container",
    ),
    "another key": (backend(container("api", env=[variable("OTHER")])), "container"),
    "the key in an init container": (
        backend(API, initContainers=[container("migrate", env=[variable()])]),
        "container",
    ),
    "a volume of all keys": (backend(container("api", **MOUNT), volumes=[volume()]), "volume"),
    "a volume of one more": (
        backend(container("api", **MOUNT), volumes=[volume(BOTH_KEYS)]),
        "volume",
    ),
    "a volume that a second container mounts": (
        backend(
            container("api", **MOUNT), container("sidecar", **MOUNT), volumes=[volume(ONE_KEY)]
        ),
        "volume",
    ),
    "a volume that an init container mounts": (
        backend(
            container("api", **MOUNT),
            initContainers=[container("migrate", **MOUNT)],
            volumes=[volume(ONE_KEY)],
        ),
        "volume",
    ),
    "a projected one of all keys": (
        backend(container("api", **MOUNT), volumes=[volume(projected=True)]),
        "volume",
    ),
    "an image pull secret": (backend(API, imagePullSecrets=[{"name": SECRET}]), "the pod"),
}


@pytest.mark.parametrize("body", GRANTED.values(), ids=GRANTED)
def test_what_a_scope_of_keys_and_containers_gives_may_be_read(
    namespace: Namespace, body: Json
) -> None:
    created = namespace.create(body)
    workload = create(namespace, DEPLOYMENT, DEPLOYMENT.of(body))

    assert created.status == 201, created.message
    assert workload.status == 201, workload.message


@pytest.mark.parametrize(("body", "reader"), REFUSED.values(), ids=REFUSED)
def test_and_nothing_beyond_it(namespace: Namespace, body: Json, reader: str) -> None:
    created = namespace.create(body)
    workload = create(namespace, DEPLOYMENT, DEPLOYMENT.of(body))

    for answer, hook in ((created, MUTATE), (workload, WORKLOADS)):
        assert answer.status == 403
        assert answer.message.startswith(f"{hook}{reader}"), answer.message
        assert f"may not read Secret {SECRET!r}" in answer.message
        assert (
            "it belongs to scope 'plugin-keys', which gives certain keys to certain containers "
            "only; remove it, or read single keys that are granted, by env with secretKeyRef"
        ) in answer.message


def test_a_volume_is_not_opened_to_a_debug_container_later(namespace: Namespace) -> None:
    there = namespace.created(backend(container("api", **MOUNT), volumes=[volume(ONE_KEY)]))

    answer = namespace.debug(there, debugger("shell", **MOUNT))

    assert answer.status == 403
    assert answer.message.startswith(f"{DEBUG_MUTATE}volume 'keys' may not read Secret {SECRET!r}")
