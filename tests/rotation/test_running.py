"""A container that started before its Secret changed runs with what the Secret held before."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from webhook.rotation.running import stale

Json = dict[str, Any]
CHANGED = {("noxus", "app-env"): datetime(2026, 6, 1, tzinfo=UTC)}
BEFORE, AFTER = "2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"


def pod(*, env: Json | None = None, **more: Any) -> Json:  # noqa: ANN401
    reads = env or {"envFrom": [{"secretRef": {"name": "app-env"}}, {"configMapRef": {}}]}
    running = {"name": "main", "state": {"running": {"startedAt": more.get("started", BEFORE)}}}
    return {
        "metadata": {"name": "p", "namespace": "noxus", **more.get("metadata", {})},
        "spec": {"containers": [{"name": "main", **reads}]},
        "status": more.get("status", {"containerStatuses": [running]}),
    }


def found(it: Json) -> list[tuple[str, str, str]]:
    return [
        (one.workload, one.container, one.secret) for one in stale(json.dumps(it).encode(), CHANGED)
    ]


@pytest.mark.parametrize(
    "env",
    [
        {"envFrom": [{"secretRef": {"name": "app-env"}}, {"secretRef": {"name": "app-env"}}]},
        {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "app-env", "key": "k"}}}]},
    ],
)
def test_whatever_reads_the_secret_into_the_environment_counts_once(env: Json) -> None:
    assert found(pod(env=env)) == [("pod/p", "main", "app-env")]


@pytest.mark.parametrize(
    "env",
    [
        {"envFrom": [{"secretRef": {"name": "other"}}, {"secretRef": {}}]},
        {"env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"fieldRef": {}}}]},
        {"volumeMounts": [{"name": "app-env"}]},
    ],
)
def test_a_volume_or_another_secret_does_not_count(env: Json) -> None:
    assert found(pod(env=env)) == []


def test_a_container_that_started_since_is_up_to_date() -> None:
    assert found(pod(started=AFTER)) == []


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"containerStatuses": [{"name": "main", "state": {"waiting": {}}}]},
        {"containerStatuses": [{"name": "main"}]},
        {"containerStatuses": [{"name": "main", "state": {"running": {"startedAt": "soon"}}}]},
    ],
)
def test_what_does_not_run_has_nothing_old(status: Json | None) -> None:
    assert found(pod(status=status)) == []


def test_a_native_sidecar_is_looked_at_too() -> None:
    it = pod()
    it["spec"]["initContainers"] = [{**it["spec"]["containers"][0], "name": "proxy"}]
    it["status"]["initContainerStatuses"] = [
        {"name": "proxy", "state": {"running": {"startedAt": BEFORE}}}
    ]

    assert [name for _, name, _ in found(it)] == ["proxy", "main"]


def test_a_pod_without_a_spec_runs_nothing() -> None:
    assert found({"metadata": {"name": "p", "namespace": "noxus"}}) == []


@pytest.mark.parametrize(
    ("owner", "labels", "workload"),
    [
        ({"kind": "ReplicaSet", "name": "w-6d5f7"}, {"pod-template-hash": "6d5f7"}, "deployment/w"),
        ({"kind": "ReplicaSet", "name": "bare"}, {"pod-template-hash": "6d5f7"}, "replicaset/bare"),
        ({"kind": "ReplicaSet", "name": "bare-"}, {}, "replicaset/bare-"),
        ({"kind": "StatefulSet", "name": "s"}, None, "statefulset/s"),
    ],
)
def test_the_workload_is_named_as_kubectl_does(
    owner: Json, labels: Json | None, workload: str
) -> None:
    references = [{"kind": "Other", "name": "x"}, {**owner, "controller": True}]

    it = pod(metadata={"labels": labels, "ownerReferences": references})

    assert found(it) == [(workload, "main", "app-env")]
