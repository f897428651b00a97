"""A pod as the API server stores it -> which Secrets its containers read, and since when they run.

The environment is read once, when a container starts: whatever changes in a Secret later, a running
container does not see. A volume follows the Secret by itself, so it is none of this.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from webhook.core.pod import Container, View
from webhook.rotation.written import instant


class _Owner(View, frozen=True):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class _Meta(View, frozen=True):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    ownerReferences: list[_Owner] | None = None


class _Spec(View, frozen=True):
    containers: list[Container] | None = None
    initContainers: list[Container] | None = None


class _Running(View, frozen=True):
    startedAt: str | None = None


class _State(View, frozen=True):
    running: _Running | None = None


class _ContainerStatus(View, frozen=True):
    name: str = ""
    state: _State | None = None


class _Status(View, frozen=True):
    containerStatuses: list[_ContainerStatus] | None = None
    initContainerStatuses: list[_ContainerStatus] | None = None


class _Pod(View, frozen=True):
    metadata: _Meta
    spec: _Spec | None = None
    status: _Status | None = None


@dataclass(frozen=True, slots=True)
class Stale:
    """A container that runs with what a Secret held before it was changed."""

    namespace: str
    workload: str  # deployment/noxus-worker; the pod itself where nobody owns it
    pod: str
    container: str
    secret: str
    started: datetime
    changed: datetime


_decode = msgspec.json.Decoder(_Pod).decode


def stale(content: bytes, changes: Mapping[tuple[str, str], datetime]) -> list[Stale]:
    """Return what is stale of a pod; `changes` tells by namespace and Secret when it changed.

    Raises msgspec.DecodeError.
    """
    pod = _decode(content)
    meta = pod.metadata
    started = dict(_started(pod.status))
    found: list[Stale] = []
    for container in _containers(pod.spec):
        begun = started.get(container.name or "")
        if begun is None:
            continue
        for secret in dict.fromkeys(_secrets(container)):
            at = changes.get((meta.namespace, secret))
            if at is not None and at > begun:
                found.append(
                    Stale(
                        *(meta.namespace, _workload(meta), meta.name, container.name or ""),
                        *(secret, begun, at),
                    )
                )
    return found


def _containers(spec: _Spec | None) -> Iterator[Container]:
    if spec is not None:
        yield from spec.initContainers or ()  # those that go on running are sidecars
        yield from spec.containers or ()


def _started(status: _Status | None) -> Iterator[tuple[str, datetime]]:
    if status is None:
        return
    for it in (*(status.initContainerStatuses or ()), *(status.containerStatuses or ())):
        running = it.state.running if it.state else None
        begun = instant(running.startedAt) if running else None
        if begun is not None:
            yield it.name, begun


def _secrets(container: Container) -> Iterator[str]:
    for source in container.envFrom or ():
        if source.secretRef is not None and source.secretRef.name:
            yield source.secretRef.name
    for variable in container.env or ():
        reference = variable.valueFrom.secretKeyRef if variable.valueFrom else None
        if reference is not None and reference.name:
            yield reference.name


def _workload(meta: _Meta) -> str:
    """Name the workload as kubectl does: a ReplicaSet of a Deployment has the template's hash."""
    for owner in meta.ownerReferences or ():
        if owner.controller:
            kind, name = owner.kind.lower(), owner.name
            mark = f"-{(meta.labels or {}).get('pod-template-hash', '')}"
            if kind == "replicaset" and len(mark) > 1 and name.endswith(mark):
                kind, name = "deployment", name.removesuffix(mark)
            return f"{kind}/{name}"
    return f"pod/{meta.name}"
