"""Where workloads keep the templates of their pods, and what a change of one of them is."""

import copy
from collections.abc import Iterator
from typing import Any, Final

from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import Path

RESTARTED_AT: Final = "kubectl.kubernetes.io/restartedAt"
# By API group and plural, as behaviour.md names them. All are spec.template but the last two.
BUILT_IN: Final = {
    ("apps", "deployments"): ["spec.template"],
    ("apps", "statefulsets"): ["spec.template"],
    ("apps", "daemonsets"): ["spec.template"],
    ("apps", "replicasets"): ["spec.template"],
    ("", "replicationcontrollers"): ["spec.template"],
    ("batch", "jobs"): ["spec.template"],
    ("batch", "cronjobs"): ["spec.jobTemplate.spec.template"],
    ("", "podtemplates"): ["template"],
}


def places_of_templates(request: Json, spec: Json) -> list[str]:
    """The paths for this kind of object; none where it is nothing that makes pods."""
    kind = (request["resource"].get("group") or "", request["resource"]["resource"])
    listed = [
        path
        for entry in spec.get("workloads") or []
        if (entry["group"], entry["resource"]) == kind
        for path in entry["templates"]
    ]
    return BUILT_IN.get(kind, []) + listed


def templates_of(workload: Json | None, places: list[str]) -> dict[Path, Json]:
    """Each template by where it stands. `*` in a path is every element of a map or a list."""
    return {
        path: template
        for place in places
        for path, template in _below(workload or {}, place.split("."), ())
    }


def _below(value: Any, steps: list[str], path: Path) -> Iterator[tuple[Path, Json]]:  # noqa: ANN401
    if not steps:
        if isinstance(value, dict):
            yield path, value
        return
    step, *rest = steps
    if step == "*" and isinstance(value, list):
        inner: Any = enumerate(value)
    elif isinstance(value, dict):
        inner = value.items() if step == "*" else [(it, value[it]) for it in [step] if it in value]
    else:
        inner = ()
    for key, below in inner:
        yield from _below(below, rest, (*path, key))


def but_restarts(template: Json) -> Json:
    """The template without what `kubectl rollout restart` writes. Nothing equals empty."""
    plain = copy.deepcopy(template)
    metadata = plain.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    annotations.pop(RESTARTED_AT, None)
    if not annotations:
        metadata.pop("annotations", None)
    return plain
