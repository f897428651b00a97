"""What kinds of objects can be sent, and which pods they make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from webhook.core.policy import Workload
from webhook.core.tables import TemplatePath
from webhook.wire.templates import BUILT_IN

Json = Any

_ITSELF: Final[TemplatePath] = ()


class Unusable(Exception):
    """An object that cannot be sent; the message says why, and what would be right."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: its place in the API, and where its pods or their templates are."""

    group: str
    version: str
    resource: str
    paths: tuple[TemplatePath, ...]

    @property
    def is_pod(self) -> bool:
        """Tell a pod from what makes pods."""
        return self.paths == (_ITSELF,)


def title(value: Json) -> str:
    """Name an object as kubectl does: deployment/noxus-worker."""
    value = _mapping(value)
    metadata = _mapping(value.get("metadata"))
    name = metadata.get("name") or metadata.get("generateName") or ""
    return f"{str(value.get('kind') or '').lower()}/{name}"


def kind_of(value: Json, workloads: Iterable[Workload] = ()) -> Kind | None:
    """Return the kind of an object; None: it makes no pods. `workloads` are a policy's own."""
    if not isinstance(value, dict):
        return None
    kind, api_version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(api_version, str):
        return None
    group, _, version = api_version.rpartition("/")
    if (kind, group) == ("Pod", ""):
        return Kind("", version, "pods", (_ITSELF,))
    resource = f"{kind.lower()}s"  # true of every kind that Kubernetes itself has
    if paths := BUILT_IN.get((group, resource)):
        return Kind(group, version, resource, paths)
    for it in workloads:
        if (it.group, it.kind) == (group, kind):
            paths = tuple(tuple(path.split(".")) for path in it.templates)
            return Kind(group, version, it.resource, paths)
    return None


def pods_of(value: Json, kind: Kind) -> dict[str, Json]:
    """Return the pods that an object is or makes, by where it says so; raises `Unusable`."""
    found = dict(it for path in kind.paths for it in _below(value, path, ""))
    if not found:
        places = " or ".join(".".join(path) for path in kind.paths)
        raise Unusable(f"{title(value)} has no pod template: it is expected at {places}")
    return {place: value if kind.is_pod else _pod(value, it) for place, it in found.items()}


def _pod(workload: Json, template: Json) -> Json:
    """Return the pod that a controller makes from a template."""
    metadata = template.get("metadata")
    name = title(workload).partition("/")[2] or "pod"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": f"{name}-", **_mapping(metadata)},
        "spec": template.get("spec"),
    }


def _below(value: Json, path: TemplatePath, place: str) -> Iterator[tuple[str, Json]]:
    if not path:
        if _is(value):
            yield place, value
        return
    step, rest = path[0], path[1:]
    if step != "*":
        if _is(value) and step in value:
            yield from _below(value[step], rest, f"{place}.{step}".lstrip("."))
    elif _is(value):
        for key, it in value.items():
            yield from _below(it, rest, f"{place}.{key}")
    elif isinstance(value, list):
        for i, it in enumerate(value):
            yield from _below(it, rest, f"{place}[{i}]")


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _is(value: Json) -> bool:
    return isinstance(value, dict)
