"""Every Secret that a pod names, found by walking its whole JSON.

There is no list of paths here: whatever hangs under a key that Kubernetes uses for a Secret counts,
wherever it stands. The pods of the tests use these keys for nothing else.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.properties.oracle_policy import Json

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
Path = tuple[str | int, ...]


class Reference(NamedTuple):
    """One naming of a Secret: which keys of it, and whose environment or files it reaches."""

    name: str
    keys: frozenset[str] | None  # None: all of it
    containers: frozenset[str] | None  # None: the pod itself, as an image pull secret
    path: Path

    @property
    def is_pull_secret(self) -> bool:
        return self.containers is None


def nodes(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 — any JSON
    """Every value inside a JSON value, with its path, the outermost first."""
    yield path, value
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield from nodes(inner, (*path, key))


def _named(path: Path, value: Any) -> tuple[str, frozenset[str] | None] | None:  # noqa: ANN401
    """The Secret that the value at the end of this path names, with the keys it is limited to."""
    last, around = (None, None, *path)[-1], (None, None, *path)[-2]
    if last == "secretName" and isinstance(value, str) and around != "secret":
        return value, None  # inside `secret: {secretName, items}` the object itself is looked at
    if not isinstance(value, dict):
        return None
    name = value.get("name") or ""
    if last == "secret":
        keys = frozenset(item["key"] for item in value.get("items") or [])
        return value.get("secretName") or name, keys or None
    if last == "secretKeyRef":
        return name, frozenset({value.get("key", "")})
    whole = last in ("secretRef", "nodePublishSecretRef") or around == "imagePullSecrets"
    return (name, None) if whole else None


def containers_of(pod: Json) -> list[Json]:
    """Every container of every list."""
    spec = pod.get("spec") or {}
    return [container for field in CONTAINER_LISTS for container in spec.get(field) or []]


def volumes_read_by(container: Json) -> set[str]:
    """The volumes whose files a container sees, as a mount, a device or an environment file."""
    mounted = {
        mount["name"]
        for field in ("volumeMounts", "volumeDevices")
        for mount in container.get(field) or []
    }
    as_environment = {
        value["volumeName"]
        for path, value in nodes(container.get("env") or [])
        if path and path[-1] == "fileKeyRef" and isinstance(value, dict)
    }
    return mounted | as_environment


def references(pod: Json) -> list[Reference]:
    """Every Secret that the pod's spec names. An empty name is no Secret."""
    spec = pod.get("spec") or {}
    found = []
    for path, value in nodes(spec):
        named = _named(path, value)
        if named and named[0]:
            found.append(Reference(*named, _reached(pod, path), path))
    return found


def _reached(pod: Json, path: Path) -> frozenset[str] | None:
    """The names of the containers that the reference at this path reaches."""
    spec = pod["spec"]
    if path[0] in CONTAINER_LISTS:
        return frozenset({spec[path[0]][path[1]]["name"]})
    if path[0] == "volumes":
        volume = spec["volumes"][path[1]]["name"]
        return frozenset(
            container["name"]
            for container in containers_of(pod)
            if volume in volumes_read_by(container)
        )
    return None
