"""What the tests of audits share: objects as an API server stores them, and an audit of them."""

import json
from typing import Any

from tests.core import kit as core
from webhook.audit.auditor import Auditor
from webhook.audit.report import PodEntry, Report, Workload
from webhook.audit.stored import stored, stored_namespace
from webhook.core.policyset import PolicySet

Json = Any

POLICY = """
namespaces: [noxus, "noxus-*"]
scopes:
  - name: shared
    roles: [frontend, backend, worker]
    envFrom: [{secretRef: {name: app-env}}]
  - name: worker
    roles: [worker]
    envFrom: [{secretRef: {name: worker-env}}]
  - name: keys
    roles: [backend]
    containers: [api]
    env: [{name: KEY, valueFrom: {secretKeyRef: {name: plugin-secrets, key: KEY}}}]
worker:
  pools:
    tenant-a: {envSecretRef: tenant-a-llm}
    tenant-b: {envSecretRef: tenant-b-llm}
"""
OPTED_IN = "2026-01-01T00:00:00Z"


def namespace(name: str = "noxus", mode: str | None = "enabled", at: str = OPTED_IN) -> Json:
    """Return a namespace with its opt-in, written by one manager."""
    meta: Json = {"name": name, "creationTimestamp": "2025-01-01T00:00:00Z"}
    if mode is not None:
        meta["labels"] = {"secrets.noxus.ai/injection": mode}
        owned = {"f:metadata": {"f:labels": {".": {}, "f:secrets.noxus.ai/injection": {}}}}
        meta["managedFields"] = [{"manager": "kubectl-label", "time": at, "fieldsV1": owned}]
    return {"kind": "Namespace", "metadata": meta}


def workload(kind: str, name: str, template: Json, **more: Any) -> Json:  # noqa: ANN401
    """Return a workload with a template, which is a pod as `core.kit` writes them."""
    meta = metadata(name, **more)
    inner: Json = {"template": template}
    if "replicas" in more:
        inner["replicas"] = more["replicas"]
    if kind == "CronJob":
        inner = {"jobTemplate": {"spec": inner}}
    if kind == "PodTemplate":
        return {"kind": kind, "metadata": meta, "template": template}
    return {"kind": kind, "metadata": meta, "spec": inner}


def pod(name: str, template: Json, *, phase: str = "Running", **more: Any) -> Json:  # noqa: ANN401
    """Return a pod that runs, made of a template."""
    meta = metadata(name, **more) | {
        key: value for key, value in template["metadata"].items() if key != "name"
    }
    return {"kind": "Pod", "metadata": meta, "spec": template["spec"], "status": {"phase": phase}}


def metadata(name: str, **more: Any) -> Json:  # noqa: ANN401
    owner = more.get("owner")
    meta: Json = {
        "name": name,
        "namespace": more.get("namespace", "noxus"),
        "uid": more.get("uid", f"uid-of-{name}"),
        "creationTimestamp": more.get("created", "2026-02-01T00:00:00Z"),
    }
    if owner is not None:
        reference = {key: owner["metadata"][key] for key in ("name", "uid")}
        meta["ownerReferences"] = [{"kind": owner["kind"], "controller": True, **reference}]
    if "written" in more:
        spec = {"f:replicas": {}, "f:template": {"f:spec": {}}}
        meta["managedFields"] = [{"time": more["written"], "fieldsV1": {"f:spec": spec}}]
    if more.get("deleted"):
        meta["deletionTimestamp"] = "2026-03-01T00:00:00Z"
    return meta


def policies(*specs: str) -> PolicySet:
    return PolicySet([core.policy(spec) for spec in specs or (POLICY,)])


def audit(*objects: Json, policy: PolicySet | None = None, **more: Any) -> Report:  # noqa: ANN401
    """Audit objects in their order; where no namespace is among them, noxus is opted in."""
    auditor = Auditor(policy or policies(), "cluster", **more)
    if not any(it["kind"] == "Namespace" for it in objects):
        objects = (namespace(), *objects)
    for it in objects:
        content = json.dumps(it).encode()
        if it["kind"] == "Namespace":
            auditor.add_namespace(stored_namespace(content))
        else:
            auditor.add(stored(it["kind"], content))
    return auditor.report()


def only(report: Report) -> Workload:
    (found,) = report.workloads
    return found


def only_pod(report: Report) -> PodEntry:
    (found,) = only(report).pods
    return found


def with_sources(template: Json, *names: str, annotations: Json = None) -> Json:
    """Return a template whose containers read these Secrets, as if they had been injected."""
    changed = json.loads(json.dumps(template))
    for container in changed["spec"]["containers"]:
        container["envFrom"] = [core.secret(name) for name in names]
    if annotations:
        changed["metadata"]["annotations"] = annotations
    return changed
