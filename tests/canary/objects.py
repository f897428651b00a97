"""Objects of Kubernetes with a value in every place that can hold one, and where none belongs."""

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from tests.canary.canaries import Canaries, encoded, forms

Json = Any

KEYS: Final = ("POSTGRESQL_URL", "REDIS_URL", "REDIS_PASSWORD", "S3_ACCESS_KEY_ID", "CRM_TOKEN")
ROLES: Final = ("frontend", "worker", "nobody")


def pod(c: Canaries, role: str, *, env: Json = None) -> Json:
    """Return a pod with a value wherever a pod can hold one."""
    applied = {"spec": {"containers": [{"env": [{"name": "A", "value": c()}]}]}}
    variables = [{"name": f"A{i}", "value": it} for i, it in enumerate(forms(c))]
    container = {
        "name": "app",
        "image": "example/app:1",
        "command": ["sh", "-c", f"login --password={c()}"],
        "args": [c()],
        "env": variables if env is None else env,
        "livenessProbe": {"httpGet": {"port": 1, "httpHeaders": [{"name": "A", "value": c()}]}},
        "lifecycle": {"preStop": {"exec": {"command": [c()]}}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "one",
            "namespace": "noxus",
            "labels": {"noxus.ai/role": role},
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied),
                "vault.hashicorp.com/agent-inject-template": f"export A={c()}",
            },
        },
        "spec": {
            "containers": [container],
            "initContainers": [
                {"name": "init", "image": "example/app:1", "args": [c()], "env": variables[:1]}
            ],
            "volumes": [{"name": "v", "csi": {"driver": "d", "volumeAttributes": {"a": c()}}}],
        },
    }


def pods(c: Canaries) -> Iterator[str]:
    for role in ROLES:
        yield yaml.safe_dump(pod(c, role), allow_unicode=True, sort_keys=False)
        yield f"# {c()}\n{json.dumps(pod(c, role))}\n"
    yield yaml.safe_dump(greedy(c))
    # The policy gives a variable of this name; the pod overrides it, of which it is warned.
    shadowing = pod(c, "backend", env=[{"name": "PLUGIN_SERVER_API_KEY", "value": c()}])
    shadowing["spec"]["containers"][0]["name"] = "api"
    yield yaml.safe_dump(shadowing)
    yield yaml.safe_dump(pod(c, "worker", env=[{"name": "WORKER_SUBSCRIBE", "value": c()}]))


def greedy(c: Canaries) -> Json:
    """Return a pod that is refused."""
    it = pod(c, "frontend")
    it["spec"]["containers"][0]["envFrom"] = [{"secretRef": {"name": "worker-env"}}]
    return it


def workloads(c: Canaries) -> Iterator[str]:
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        yield json.dumps(workload(c, kind))
    yield json.dumps({"kind": "List", "items": [workload(c, "Deployment"), pod(c, "worker")]})


def workload(c: Canaries, kind: str) -> Json:
    like = pod(c, "worker")
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {**like["metadata"], "name": "noxus-worker"},
        "spec": {"template": {"metadata": like["metadata"], "spec": like["spec"]}},
    }


def odd_pods(c: Canaries) -> Iterator[str]:
    """Yield pods in which a value stands where something else is wanted."""
    for env in (c(), [c()], {c(): c()}, [{"name": "A", "value": {c(): c()}}], [{"name": [c()]}]):
        yield json.dumps(pod(c, "worker", env=env))
    for part in ("spec", "metadata"):
        yield json.dumps({**pod(c, "worker"), part: c()})
    for member in ("containers", "initContainers", "volumes", "imagePullSecrets"):
        for value in (c(), [c()], {c(): c()}):
            it = pod(c, "frontend")
            it["spec"][member] = value
            yield json.dumps(it)
    for member in ("envFrom", "volumeMounts"):
        for value in (c(), [c()], [{"secretRef": c()}], [{"secretRef": {"name": [c()]}}]):
            it = pod(c, "worker")
            it["spec"]["containers"][0][member] = value
            yield json.dumps(it)
    yield json.dumps({"kind": "List", "items": [c(), {"kind": "Pod", "spec": c()}]})


def secret(c: Canaries, name: str = "app-env", kind: str = "Secret", **more: Json) -> Json:
    metadata = {"name": name, "namespace": "noxus"}
    values = dict(zip(KEYS, forms(c), strict=False))
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": metadata,
        "stringData": values,
        "data": {f"B_{key}": encoded(it) for key, it in values.items()},
        **more,
    }


def secrets(c: Canaries) -> Iterator[str]:
    for name in ("app-env", "worker-env", "tenant-a-llm", "llm-keys"):
        yield yaml.safe_dump(secret(c, name), allow_unicode=True)
        applied = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(secret(c, name))}
        metadata = {"name": name, "namespace": "noxus", "annotations": applied}
        yield json.dumps(secret(c, name, metadata=metadata))
    yield yaml.safe_dump(secret(c, kind="ConfigMap"))
    yield json.dumps({"kind": "List", "apiVersion": "v1", "items": [secret(c), secret(c, "b")]})
    yield json.dumps({"kind": "SecretList", "apiVersion": "v1", "items": [secret(c)]})
    yield yaml.safe_dump_all([secret(c), secret(c, "worker-env")])
    for form in forms(c):
        yield json.dumps(secret(c, stringData=dict.fromkeys(KEYS, form)))


def odd_secrets(c: Canaries) -> Iterator[str]:
    """Yield Secrets that lack what says that they are, or have values where none belongs."""
    for without in ("kind", "apiVersion", "metadata"):
        yield yaml.safe_dump({key: it for key, it in secret(c).items() if key != without})
    for place in ("metadata", "spec", "stringData", "data", "type", "immutable"):
        yield json.dumps({**secret(c), place: c()})
        yield json.dumps({"kind": "Secret", "stringData": {"A": c()}, place: c()})
        yield json.dumps({"kind": "secret", place: [c(), {c(): c()}]})
    yield json.dumps({**secret(c), "spec": {"mode": c(), "scopes": c(), "namespaces": [c()]}})
    yield json.dumps({"kind": "List", "items": [c(), {"kind": "Secret", "data": c()}]})
    yield json.dumps({"kind": "List", "metadata": c(), "items": c()})
    yield json.dumps({"stringData": {"A": c()}})
    yield json.dumps({"A": c(), "B": {"C": c()}})
    yield json.dumps([c(), {"A": c()}])
    yield json.dumps(c())


def review(c: Canaries, it: Json, **request: Json) -> Json:
    kind = {"group": "", "version": "v1", "kind": "Pod"}
    resource = {"group": "", "version": "v1", "resource": "pods"}
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "b0e4aba3-54d0-567b-8b11-fc38fc74fda3",
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "name": "one",
            "namespace": "noxus",
            "operation": "CREATE",
            "userInfo": {"username": "jane", "groups": ["a"], "extra": {"token": [c()]}},
            "object": it,
            "oldObject": None,
            "options": {"kind": "CreateOptions", "fieldManager": c()},
            **request,
        },
    }


def reviews(c: Canaries) -> Iterator[str]:
    for role in ROLES:
        yield json.dumps(review(c, pod(c, role)))
    yield json.dumps(review(c, greedy(c)))
    for text in odd_pods(c):
        yield json.dumps(review(c, json.loads(text)))
    yield json.dumps(review(c, secret(c)))
    yield json.dumps(review(c, pod(c, "worker"), operation="UPDATE", oldObject=pod(c, "worker")))
    yield json.dumps(review(c, pod(c, "worker"), subResource="ephemeralcontainers"))
    for part in ("userInfo", "kind", "operation", "namespace", "uid", "options"):
        yield json.dumps(review(c, pod(c, "worker"), **{part: [c()]}))
    yield json.dumps({**review(c, pod(c, "worker")), "apiVersion": [c()]})
    yield json.dumps({"kind": "AdmissionReview", "request": c()})
