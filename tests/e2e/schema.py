"""Where a pod can name a Secret, read from the OpenAPI schema that the API server serves."""

import re
from collections.abc import Iterator
from typing import Any

from tests.controlplane.plane import ControlPlane
from tests.e2e.harness import OK

Json = Any

POD_SPEC = "io.k8s.api.core.v1.PodSpec"
# A field is looked at if its type is a reference to an object (LocalObjectReference and so on), or
# if its name or its type (SecretKeySelector and so on) speaks of a secret. That is wider than
# needed, so that a new kind of reference is noticed, whatever it is called.
REFERENCE = re.compile(r"\.\w*Reference$")
SECRET = re.compile("secret", re.IGNORECASE)


def served_schemas(plane: ControlPlane, api: str = "api/v1") -> Json:
    """Return the schemas of an API, the core's unless said otherwise, by their names."""
    answer = plane.api("GET", f"/openapi/v3/{api}")
    assert answer.status == OK, answer.message
    return answer.body["components"]["schemas"]


def secret_paths(
    schemas: Json, root: str = POD_SPEC, without: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return paths such as `volumes[].csi.nodePublishSecretRef`, each with its type.

    Types in `without` are not looked into.
    """
    return dict(_walk(schemas, schemas[root], "", (root, *without)))


def _walk(
    schemas: Json, schema: Json, path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for name, declared in (schema.get("properties") or {}).items():
        place, field = _element(f"{path}.{name}" if path else name, declared)
        kind = _reference(field)
        plain = kind or field.get("type", "object")
        if SECRET.search(name) or SECRET.search(plain) or REFERENCE.search(plain):
            yield place, plain
        elif kind is not None and kind not in above:  # above: a schema may hold itself
            yield from _walk(schemas, schemas[kind], place, (*above, kind))
        elif kind is None:
            yield from _walk(schemas, field, place, above)


def _element(place: str, field: Json) -> tuple[str, Json]:
    """Step into lists and maps."""
    while True:
        if field.get("type") == "array":
            place, field = f"{place}[]", field["items"]
        elif isinstance(field.get("additionalProperties"), dict):
            place, field = f"{place}{{}}", field["additionalProperties"]
        else:
            return place, field


def _reference(field: Json) -> str | None:
    """Return the type that a field is of; with a default or a description it is inside `allOf`."""
    for part in (field, *field.get("allOf", ())):
        if "$ref" in part:
            return str(part["$ref"]).removeprefix("#/components/schemas/")
    return None


def pod_with(path: str, kind: str, secret: str, metadata: Json) -> Json:
    """Return the smallest pod that names a Secret at a path."""
    leaf: Json = secret
    if kind.endswith(".SecretVolumeSource"):
        leaf = {"secretName": secret}
    elif "." in kind:
        leaf = {"name": secret}
    spec = _nested(path.split("."), leaf)
    for name in ("containers", "initContainers", "ephemeralContainers", "volumes"):
        for it in spec.get(name) or ():
            it["name"] = "v" if name == "volumes" else "app"
            if name != "volumes":
                it["image"] = "example/app:1"
            for variable in it.get("env") or ():
                variable["name"] = "VARIABLE"
    spec.setdefault("containers", [{"name": "main", "image": "example/app:1"}])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _nested(steps: list[str], leaf: Json) -> Json:
    if not steps:
        return leaf
    inner = _nested(steps[1:], leaf)
    name = steps[0].rstrip("[]")
    return {name: [inner] if steps[0].endswith("[]") else inner}


def concrete(path: str) -> str:
    """Write a path as messages do, for the only element of each list."""
    return "spec." + path.replace("[]", "[0]")
