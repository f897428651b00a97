"""A cluster full of workloads and pods, written by several threads straight to an API server.

No webhook and no controller is at work, so what is there is known, and some of it is wrong: pods
that came while the webhook was away, a frontend that reads too much, pods that have ended,
workloads that are scaled to zero, namespaces that nobody opted in.
"""

import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.controlplane.plane import ControlPlane

Json = dict[str, Any]

CREATED = 201
PREFIX = "audited"
LABEL = "secrets.noxus.ai/injection"
# Each the labels of a template, and what it names itself.
SHAPES: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    ({"noxus.ai/role": "frontend"}, ()),
    ({"noxus.ai/role": "backend"}, ("app-env",)),
    ({"noxus.ai/role": "worker", "noxus.ai/worker-pool": "tenant-a"}, ()),
    ({"noxus.ai/role": "worker", "noxus.ai/worker-pool": "default"}, ("worker-env",)),
    ({"noxus.ai/role": "worker"}, ("own-secret",)),
    ({"noxus.ai/role": "frontend"}, ("worker-env",)),  # refused
    ({"noxus.ai/role": "worker", "noxus.ai/worker-pool": "tenant-z"}, ()),  # refused
    ({"app": "something-else"}, ()),
)
KINDS = (
    *(("Deployment", "/apis/apps/v1", "deployments"),) * 4,
    ("StatefulSet", "/apis/apps/v1", "statefulsets"),
    ("DaemonSet", "/apis/apps/v1", "daemonsets"),
    ("CronJob", "/apis/batch/v1", "cronjobs"),
    ("Job", "/apis/batch/v1", "jobs"),
    ("ReplicationController", "/api/v1", "replicationcontrollers"),
    ("PodTemplate", "/api/v1", "podtemplates"),
)
MODES = ("enabled", "enabled", "dry-run", None)
GIVEN = {
    "frontend": ("app-env",),
    "backend": ("app-env",),
    "worker": ("app-env", "worker-env"),
}
POOLS = {"tenant-a": ("tenant-a-llm",)}
THREADS = 8


@dataclass(frozen=True)
class Bulk:
    """How much there is to be."""

    workloads: int
    pods: int
    namespaces: int


def fill(plane: ControlPlane, bulk: Bulk) -> list[str]:
    """Create everything; returns the namespaces. No controller may be running."""
    names = [
        plane.namespace(PREFIX, {LABEL: mode} if (mode := MODES[i % len(MODES)]) else {})
        for i in range(bulk.namespaces)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        # Consecutive workloads share a namespace, so that every kind and shape is in each mode.
        block = len(KINDS) * len(SHAPES)
        made = pool.map(
            lambda i: _workload(plane, names[i // block % len(names)], i), range(bulk.workloads)
        )
        owners = [owner for owner in made if owner["pods"]]
        list(
            pool.map(
                lambda i: _pod(plane, owners[i % len(owners)], i, i // len(owners)),
                range(bulk.pods),
            )
        )
    return names


def policy(document: Json) -> Json:
    """Return the example policy, for these namespaces."""
    changed = copy.deepcopy(document)
    changed["spec"]["namespaces"] = [f"{PREFIX}-*"]
    for pool in changed["spec"]["worker"]["pools"].values():
        pool.pop("namespaces", None)
    return changed


def _workload(plane: ControlPlane, namespace: str, i: int) -> Json:
    kind, group, plural = KINDS[i % len(KINDS)]
    labels, secrets = SHAPES[(i // len(KINDS)) % len(SHAPES)]
    name = f"w-{i}"
    labels = {**labels, "name": name}
    template = {"metadata": {"labels": labels}, "spec": _spec(secrets)}
    selector = {"matchLabels": {"name": name}}
    scaled_to_zero = i % 7 == 0
    replicas = 0 if scaled_to_zero else 3
    spec: Json
    match kind:
        case "CronJob" | "Job":
            template["spec"]["restartPolicy"] = "Never"
            spec = {"template": template}
            if kind == "CronJob":
                spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": spec}}
        case "ReplicationController":
            spec = {"replicas": replicas, "selector": {"name": name}, "template": template}
        case "DaemonSet":
            spec = {"selector": selector, "template": template}
        case _:
            spec = {"replicas": replicas, "selector": selector, "template": template}
    body = {"metadata": {"name": name}, "spec": spec}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    if kind == "PodTemplate":
        body = {"metadata": {"name": name}, "template": template}
    made = _create(plane, f"{group}/namespaces/{namespace}/{plural}", body)
    owner = _reference(kind, group, made)
    for revision in range(2) if kind == "Deployment" else ():
        set_body = {
            "metadata": {"name": f"{name}-{revision}", "ownerReferences": [owner]},
            "spec": {
                "replicas": replicas * revision,
                "selector": {"matchLabels": {"name": name, "revision": str(revision)}},
                "template": copy.deepcopy(template),
            },
        }
        set_body["spec"]["template"]["metadata"]["labels"]["revision"] = str(revision)
        made = _create(plane, f"/apis/apps/v1/namespaces/{namespace}/replicasets", set_body)
        controller = _reference("ReplicaSet", "/apis/apps/v1", made)
    if kind == "Deployment":
        owner = controller
    has_pods = kind not in {"PodTemplate", "CronJob"} and not scaled_to_zero
    return {"owner": owner, "namespace": namespace, "template": template, "pods": has_pods}


def _pod(plane: ControlPlane, made: Json, i: int, ordinal: int) -> None:
    pod = copy.deepcopy(made["template"])
    labels = pod["metadata"]["labels"]
    pod["metadata"]["name"] = f"{made['owner']['name']}-{ordinal}-{i}"
    if i % 50:  # every fiftieth belongs to nobody
        pod["metadata"]["ownerReferences"] = [made["owner"]]
    if i % 5:  # every fifth came while the webhook was away
        given = GIVEN.get(labels.get("noxus.ai/role", ""), ())
        given += POOLS.get(labels.get("noxus.ai/worker-pool", ""), ())
        container = pod["spec"]["containers"][0]
        own = [it["secretRef"]["name"] for it in container["envFrom"]]
        first = [it for it in own if it not in given]
        container["envFrom"] = [{"secretRef": {"name": it}} for it in (*first, *given)]
    path = f"/api/v1/namespaces/{made['namespace']}/pods"
    _create(plane, path, pod)
    if i % 13 == 0:
        done = plane.api(
            *("PATCH", f"{path}/{pod['metadata']['name']}/status", {"status": {"phase": "Failed"}}),
            content_type="application/merge-patch+json",
        )
        assert done.status == 200, done.message


def _spec(secrets: tuple[str, ...]) -> Json:
    variables = [{"name": f"SETTING_{i}", "value": f"value-of-setting-{i}"} for i in range(20)]
    container = {
        "name": "app",
        "image": "registry.example/noxus/app:2.14.0",
        "env": variables,
        "envFrom": [{"secretRef": {"name": secret}} for secret in secrets],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/status/health", "port": "http"}},
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}},
    }
    return {"containers": [container], "automountServiceAccountToken": False}


def _create(plane: ControlPlane, path: str, body: Json) -> Json:
    answer = plane.api("POST", path, body)
    assert answer.status == CREATED, answer.message
    return answer.body


def _reference(kind: str, group: str, made: Json) -> Json:
    version = group.removeprefix("/apis/").removeprefix("/api/")
    named = {"name": made["metadata"]["name"], "uid": made["metadata"]["uid"]}
    return {"apiVersion": version, "kind": kind, "controller": True, **named}
