"""What a restart concerns in a namespace, read in small pages and cut down as it comes.

Of a workload only what its rollout needs is kept. What it was given is told from its template at
once, by the narrow view that admission has, too: no value of a variable is decoded.
"""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from webhook.cluster.api import ApiError
from webhook.cluster.rollouts import KINDS, RESTARTED_AT, Workload
from webhook.core.pod import Pod, View
from webhook.core.reload import given
from webhook.core.tables import CompiledPolicy
from webhook.core.words import INJECTION_LABEL, RELOADED_ANNOTATION, NamespaceMode

Json = dict[str, Any]

NAMESPACES: Final = "/api/v1/namespaces"
# An object is 1.5 MB at most (etcd): 30 MB for the largest page, of the 384 MB that a replica has.
PAGE: Final = 20
# Who may write in a namespace is not to fill our memory, or keep us busy. Large ones have a hundred
# workloads and a dozen of each of the others; all at their limits are 48 MB.
MOST_WORKLOADS: Final = 2000
_MOST_BUDGETS: Final = 500
_MOST_RECORDED: Final = 16 * 1024  # characters: 60 sources with names of the greatest length
_MOST_LABELS: Final = 8 * 1024  # characters


class Reader(Protocol):
    """Reads a list as it is sent; raises ApiError."""

    async def read(self, path: str, **query: str) -> bytes: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Found:
    """A workload, and what its template says; None: it is no template."""

    workload: Workload
    pod: Pod | None


class _Name(View, frozen=True):
    name: str


class _Metadata(View, frozen=True, omit_defaults=True):
    name: str
    uid: str | None = None
    resourceVersion: str | None = None
    generation: int = 0
    annotations: dict[str, str] | None = None


class _TemplateMetadata(View, frozen=True, omit_defaults=True):
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Template(View, frozen=True, omit_defaults=True):
    metadata: _TemplateMetadata | None = None


class _Strategy(View, frozen=True, omit_defaults=True):
    type: str | None = None


class _Spec(View, frozen=True, omit_defaults=True):
    replicas: int | None = None
    paused: bool = False
    updateStrategy: _Strategy | None = None


class _Templated(View, frozen=True):
    template: msgspec.Raw = msgspec.Raw(b"{}")


class _Status(View, frozen=True, omit_defaults=True):
    observedGeneration: int = 0
    replicas: int = 0
    updatedReplicas: int = 0
    availableReplicas: int = 0
    desiredNumberScheduled: int = 0
    updatedNumberScheduled: int = 0
    numberAvailable: int = 0


class _Rollout(View, frozen=True, omit_defaults=True):
    metadata: _Metadata
    spec: _Spec | None = None
    status: _Status | None = None


class _Selecting(View, frozen=True):
    selector: Json | None = None


class _Allowed(View, frozen=True):
    expectedPods: int = 0
    disruptionsAllowed: int = 0


class _Budget(View, frozen=True):
    metadata: _Name
    spec: _Selecting | None = None
    status: _Allowed | None = None


class _Holder(View, frozen=True):
    spec: _Templated | None = None


class _Named(View, frozen=True):
    metadata: _Name


class _Continue(View, frozen=True):
    following: str | None = msgspec.field(default=None, name="continue")


class _Page(View, frozen=True):
    metadata: _Continue | None = None
    items: list[msgspec.Raw] | None = None


async def namespaces(api: Reader) -> list[str]:
    """Name the namespaces in which the webhook is enabled; raises ApiError."""
    selector = f"{INJECTION_LABEL}={NamespaceMode.ENABLED}"
    return [
        msgspec.json.decode(item, type=_Named).metadata.name
        async for item in _items(api, NAMESPACES, labelSelector=selector)
    ]


async def workloads(api: Reader, namespace: str) -> AsyncIterator[Found]:
    """Go through the workloads of a namespace that have a rollout; raises ApiError."""
    seen = 0
    for plural, kind in KINDS.items():
        path = f"/apis/apps/v1/namespaces/{namespace}/{plural}"
        async for item in _items(api, path):
            seen += 1
            if seen > MOST_WORKLOADS:
                raise ApiError(0, "", f"it has more than {MOST_WORKLOADS} workloads")
            if (found := _found(kind, path, item)) is not None:
                yield found


def sources(pod: Pod | None, namespace: str, policy: CompiledPolicy) -> list[str]:
    """Name what the policy gives to such pods, as kind/name."""
    if pod is None:
        return []
    return [f"{kind.lower()}/{name}" for kind, name in given(pod, namespace, policy)]


async def budgets(api: Reader, namespace: str) -> list[Json]:
    """Return the PodDisruptionBudgets of a namespace; raises ApiError."""
    path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    found: list[Json] = []
    async for item in _items(api, path):
        if len(found) == _MOST_BUDGETS:
            raise ApiError(0, "", f"it has more than {_MOST_BUDGETS} PodDisruptionBudgets")
        found.append(msgspec.to_builtins(msgspec.json.decode(item, type=_Budget)))
    return found


def _found(kind: str, path: str, item: msgspec.Raw) -> Found | None:
    """Cut a workload down; None: it has more labels than anybody needs, and is left alone."""
    body: Json = msgspec.to_builtins(msgspec.json.decode(item, type=_Rollout))
    holder = msgspec.json.decode(item, type=_Holder)
    raw = (holder.spec or _Templated()).template
    _keep(body["metadata"], RELOADED_ANNOTATION, most=_MOST_RECORDED)
    try:
        template: Json = msgspec.to_builtins(msgspec.json.decode(raw, type=_Template))
        pod = msgspec.json.decode(raw, type=Pod)
    except msgspec.ValidationError:  # the validating hook has said so, too
        template, pod = {}, None
    metadata = template.get("metadata") or {}
    if sum(len(key) + len(value) for key, value in (metadata.get("labels") or {}).items()) > (
        _MOST_LABELS
    ):
        return None
    _keep(metadata, RESTARTED_AT, most=_MOST_RECORDED)
    body.setdefault("spec", {})["template"] = template
    return Found(Workload(kind, f"{path}/{body['metadata']['name']}", body), pod)


def _keep(metadata: Json, name: str, *, most: int) -> None:
    """Forget all annotations but this one; they may be 256 kB, and so may it."""
    annotations = metadata.pop("annotations", None) or {}
    if len(annotations.get(name, "")) <= most and name in annotations:
        metadata["annotations"] = {name: annotations[name]}


async def _items(api: Reader, path: str, **query: str) -> AsyncIterator[msgspec.Raw]:
    following: str | None = ""
    while following is not None:
        more = {"continue": following} if following else {}
        content = await api.read(path, limit=str(PAGE), **more, **query)
        try:
            page = msgspec.json.decode(content, type=_Page)
        except msgspec.DecodeError:
            raise ApiError(0, "", "the API server's answer is no list") from None
        for item in page.items or ():
            yield item
            await asyncio.sleep(0)  # requests wait while an object of megabytes is decoded
        following = (page.metadata.following if page.metadata else None) or None
