"""What an audit reads of an object: who it is, who owns it, when it was written, and its pod.

A narrow view as `webhook.core.pod` is one: of a page of 500 objects of 10 kB, this keeps a tenth,
and no value of a variable is ever decoded.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from webhook.audit.managed import Managed, template_written
from webhook.core.pod import Annotations, ObjectMeta, Pod, PodSpec, View
from webhook.core.request import Marks
from webhook.core.words import INJECTION_LABEL, NamespaceMode
from webhook.wire.marks import marks

# Kind -> where its pod stands; and the API of each, as reports refer to objects.
ROOTS: Final = {
    "Pod": "spec",
    "PodTemplate": "template.spec",
    "Deployment": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "ReplicaSet": "spec.template.spec",
    "ReplicationController": "spec.template.spec",
    "Job": "spec.template.spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
}
API_VERSIONS: Final = {
    **dict.fromkeys(("Pod", "PodTemplate", "ReplicationController"), "v1"),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
}
# Whatever their label says, no selector of our webhook configurations matches them.
NEVER_MATCHED: Final = frozenset({"kube-system", "kube-node-lease", "noxus-secrets"})
_NODE: Final = "Node"  # what owns a mirror pod
_RESTARTED: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})  # by Reloader


class Owner(View, frozen=True):
    """An element of `metadata.ownerReferences`."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class _Meta(View, frozen=True):
    name: str = ""
    generateName: str | None = None
    namespace: str | None = None
    uid: str | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None
    creationTimestamp: str | None = None
    deletionTimestamp: str | None = None
    ownerReferences: list[Owner] | None = None
    managedFields: list[Managed] | None = None


class _Status(View, frozen=True):
    phase: str | None = None


class _StoredPod(View, frozen=True):
    metadata: _Meta
    spec: PodSpec | None = None
    status: _Status | None = None


class _JobSpec(View, frozen=True):
    template: Pod | None = None


class _JobTemplate(View, frozen=True):
    spec: _JobSpec | None = None


class _WorkloadSpec(View, frozen=True):
    replicas: int | None = None
    template: Pod | None = None
    jobTemplate: _JobTemplate | None = None


class _StoredWorkload(View, frozen=True):
    metadata: _Meta
    spec: _WorkloadSpec | None = None
    template: Pod | None = None


class _Count(View, frozen=True):
    replicas: int | None = None


class _Manifest(View, frozen=True):
    """An object of a file, whose pod was found already."""

    metadata: _Meta
    spec: _Count | None = None
    status: _Status | None = None


class _StoredNamespace(View, frozen=True):
    metadata: _Meta


@dataclass(frozen=True, slots=True)
class Stored:
    """A pod, or a workload with the pod that its template makes."""

    kind: str
    name: str
    namespace: str
    uid: str  # empty for one that was never stored
    owner: Owner | None  # its controller
    created: str  # RFC 3339; empty where it is not known
    written: str  # when whoever owns fields of its template last wrote; empty where not known
    replicas: int | None
    phase: str  # of a pod
    ending: bool
    mirror: bool  # of a static pod
    root: str  # where the spec of its pod stands, as messages name it
    pod: Pod
    file: str = ""  # with line, for manifests
    marks: Marks | None = None  # of a workload in a cluster that Reloader may restart


@dataclass(frozen=True, slots=True)
class StoredNamespace:
    """A namespace with its opt-in."""

    name: str
    mode: str  # enabled | dry-run; empty: not opted in
    created: str
    labelled: str  # the latest time at which its label can have been written; empty: not known


def stored(kind: str, content: bytes) -> Stored:
    """Decode an item of a list; raises msgspec.ValidationError for what Kubernetes never stores."""
    if kind == "Pod":
        found = msgspec.json.decode(content, type=_StoredPod)
        meta, phase = found.metadata, found.status.phase if found.status else None
        view = ObjectMeta(name=meta.name, labels=meta.labels, annotations=meta.annotations)
        return _stored(kind, meta, Pod(view, found.spec), phase=phase)
    workload = msgspec.json.decode(content, type=_StoredWorkload)
    spec, template = workload.spec, workload.template
    if spec is not None:
        inner = spec.jobTemplate.spec if spec.jobTemplate else None
        template = template or spec.template or (inner.template if inner else None)
    replicas = spec.replicas if spec else None
    made = _stored(kind, workload.metadata, template or Pod(), replicas=replicas)
    if kind not in _RESTARTED:
        return made
    return replace(made, marks=marks(msgspec.Raw(content)))


def stored_manifest(
    kind: str, value: dict[str, Any], pod: Pod, root: str, namespace: str, file: str
) -> Stored:
    """Read an object of a file, in which a pod was found; raises msgspec.ValidationError."""
    found = msgspec.convert(value, _Manifest)
    phase = found.status.phase if found.status and kind == "Pod" else None
    replicas = found.spec.replicas if found.spec else None
    made = _stored(kind, found.metadata, pod, replicas=replicas, phase=phase, root=root)
    return replace(made, namespace=namespace, file=file)


def stored_namespace(content: bytes | dict[str, Any]) -> StoredNamespace:
    """Decode a namespace; raises msgspec.ValidationError."""
    if isinstance(content, bytes):
        meta = msgspec.json.decode(content, type=_StoredNamespace).metadata
    else:
        meta = msgspec.convert(content, _StoredNamespace).metadata
    mode = (meta.labels or {}).get(INJECTION_LABEL, "")
    if mode not in set(NamespaceMode) or meta.name in NEVER_MATCHED:
        mode = ""
    times = (m.time or "" for m in meta.managedFields or () if m.fieldsV1 and m.fieldsV1.has_label)
    return StoredNamespace(meta.name, mode, meta.creationTimestamp or "", max(times, default=""))


def _stored(
    kind: str,
    meta: _Meta,
    pod: Pod,
    *,
    replicas: int | None = None,
    phase: str | None = None,
    root: str = "",
) -> Stored:
    owner = next((owner for owner in meta.ownerReferences or () if owner.controller), None)
    mirror = meta.annotations is not None and meta.annotations.mirror is not None
    created = meta.creationTimestamp or ""
    return Stored(
        kind=kind,
        name=meta.name or meta.generateName or "",
        namespace=meta.namespace or "",
        uid=meta.uid or "",
        owner=owner,
        created=created,
        # Who created a pod was judged, and of what is changed later nothing counts.
        written=created if kind == "Pod" else template_written(meta.managedFields),
        replicas=replicas,
        phase=phase or "",
        ending=meta.deletionTimestamp is not None,
        # Both are claims: of one that lies, what it lacks goes untold, and what it reads does not.
        mirror=mirror and owner is not None and owner.kind == _NODE,
        root=root or ROOTS[kind],
        pod=pod,
    )
