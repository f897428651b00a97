"""JSON of every shape in every place: what a caller who is not the API server may send."""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.properties.oracle_references import Path, nodes
from tests.properties.tape import Tape

KEYS = (
    "apiVersion", "kind", "request", "uid", "object", "oldObject", "namespace", "operation",
    "metadata", "labels", "annotations", "spec", "containers", "initContainers", "envFrom", "env",
    "ephemeralContainers", "name", "secretRef", "configMapRef", "valueFrom", "secretKeyRef", "key",
    "prefix", "optional", "volumes", "secret", "secretName", "items", "projected", "sources",
    "volumeMounts", "imagePullSecrets", "serviceAccountName", "userInfo", "groups", "resource",
    "username", "subResource", "template", "jobTemplate", "steps", "image", "ownerReferences",
)  # fmt: skip
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 10**30, "", " ", "app-env", "noxus.ai/role", "\x00",
    "\ud800", "é" * 200, [], {}, [None], [[]], [{}], {"": None}, {"name": None}, {"name": 5},
    {"secretRef": []}, [{"secretRef": {"name": ["app-env"]}}], [{"name": "api"}],
    {"metadata": None, "spec": None}, "v1", "Pod", "AdmissionReview", "CREATE", "UPDATE",
    {"group": "apps", "version": "v1", "resource": "deployments"}, {"template": {"spec": 5}},
)  # fmt: skip


def any_json(tape: Tape, depth: int = 0) -> Any:  # noqa: ANN401 — any JSON
    """JSON of any shape, with the field names that the webhook looks for."""
    kind = tape.number(4) if depth < 6 else 0
    if kind == 1:
        return [any_json(tape, depth + 1) for _ in range(tape.number(4))]
    if kind > 1:
        return {tape.pick(KEYS): any_json(tape, depth + 1) for _ in range(tape.number(5))}
    return copy.deepcopy(tape.pick(JUNK))


def replaced(value: Any, path: Path, junk: Any) -> Any:  # noqa: ANN401 — any JSON
    """The same JSON with another value at one path."""
    if not path:
        return junk
    result = copy.copy(value)
    result[path[0]] = replaced(value[path[0]], path[1:], junk)
    return result


def tampered(tape: Tape, value: Any, allowed: Callable[[Path], bool] = bool) -> Any:  # noqa: ANN401
    """Return the same JSON with junk in 1 to 3 allowed places, and never all of it."""
    for _ in range(1 + tape.number(3)):
        paths = [path for path, _ in nodes(value) if allowed(path)]
        if paths:
            chosen = tape.number(256) * 256 + tape.number(256)
            junk = any_json(tape) if tape.chance(40) else copy.deepcopy(tape.pick(JUNK))
            value = replaced(value, paths[chosen % len(paths)], junk)
    return value


def to_bytes(value: Any) -> bytes:  # noqa: ANN401 — any JSON
    return json.dumps(value).encode()
