"""Whose pod it is: the object at which people are shown what was decided about the pod.

For people only. The core knows `Pod`, which has no owner, so that no decision can come to read
one: whoever creates a pod writes its ownerReferences as he likes.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from typing import Final, NamedTuple

import msgspec

from webhook.core.pod import Name, ObjectMeta, Pod, View

# A controller writes one reference of some 250 bytes. What is longer than this was not written by
# one, and is not worth reading while the API server waits.
MAX_REFERENCES: Final = 4096
_NULL: Final = msgspec.Raw(b"null")


class SentMeta(ObjectMeta, frozen=True):
    """Metadata with what identifies the pod and its owners, as bytes until somebody needs them."""

    uid: msgspec.Raw = _NULL
    ownerReferences: msgspec.Raw = _NULL


class SentPod(Pod, frozen=True):
    """A pod as a request holds it."""

    metadata: SentMeta | None = None


class OwnerReference(View, frozen=True):
    """An element of `metadata.ownerReferences`."""

    apiVersion: Name
    kind: Name
    name: Name
    uid: Name
    controller: bool | None = None


class Subject(NamedTuple):
    """An object of the pod's namespace: the workload that controls the pod, or the pod itself."""

    api_version: str
    kind: str
    name: str
    uid: str  # empty where the API server has given none yet


_decode_references: Final = msgspec.json.Decoder(list[OwnerReference] | None).decode
_decode_uid: Final = msgspec.json.Decoder(Name | None).decode


def owner(pod: Pod | None) -> Subject | None:
    """Return the workload that controls the pod; None: it has none that makes sense."""
    raw = _metadata(pod).ownerReferences
    if len(memoryview(raw)) > MAX_REFERENCES:
        return None
    try:
        references = _decode_references(raw) or ()
    except msgspec.MsgspecError:
        return None
    for it in references:
        # A Node "controls" its mirror pods, but is no workload, nor of any namespace.
        if it.controller and it.kind != "Node":
            return Subject(it.apiVersion, it.kind, it.name, it.uid)
    return None


def itself(pod: Pod | None, name: str) -> Subject:
    """Return the pod; a request tells its name in more than one place."""
    try:
        uid = _decode_uid(_metadata(pod).uid)
    except msgspec.MsgspecError:
        uid = None
    return Subject("v1", "Pod", name, uid or "")


def _metadata(pod: Pod | None) -> SentMeta:
    sent = pod.metadata if pod is not None else None
    return sent if isinstance(sent, SentMeta) else _NOTHING


_NOTHING: Final = SentMeta()
