"""Where the pod templates of workloads are, and whether an update changes them.

An object is taken apart level by level into bytes: of a template only the narrow view of a pod is
decoded, and two templates are compared as bytes, so that no value of a variable is ever decoded.
The API server writes both objects of a request in one way, with the keys of maps in order.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from webhook.core.pod import Pod
from webhook.core.request import Template
from webhook.core.tables import Resource, TemplatePath

REVISIONS: Final[Resource] = ("apps", "controllerrevisions")
_SPEC: Final[TemplatePath] = ("spec", "template")
# Kubernetes' own workloads. Whichever version of an API is asked, the object arrives in the version
# that our rules name (matchPolicy: Equivalent).
BUILT_IN: Final[Mapping[Resource, tuple[TemplatePath, ...]]] = {
    ("", "podtemplates"): (("template",),),
    ("", "replicationcontrollers"): (_SPEC,),
    # What a StatefulSet makes pods of while an update is held back, merged into its own template.
    REVISIONS: (("data", "spec", "template"),),
    ("apps", "daemonsets"): (_SPEC,),
    ("apps", "deployments"): (_SPEC,),
    ("apps", "replicasets"): (_SPEC,),
    ("apps", "statefulsets"): (_SPEC,),
    ("batch", "cronjobs"): (("spec", "jobTemplate", "spec", "template"),),
    ("batch", "jobs"): (_SPEC,),
}
# What `kubectl rollout restart` writes: everybody may have pods made anew as they are.
_RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
# Of a map or list of templates; a training job has a handful of kinds of replicas.
MAX_TEMPLATES: Final = 256

_Level = dict[str, msgspec.Raw]
_decode_level: Final = msgspec.json.Decoder(_Level | list[msgspec.Raw] | None).decode
_decode_map: Final = msgspec.json.Decoder(_Level | None).decode
_decode_pod: Final = msgspec.json.Decoder(Pod | None).decode


_Place = tuple[str | int, ...]  # steps: a key may hold a dot


def templates(
    paths: tuple[TemplatePath, ...], new: msgspec.Raw, old: msgspec.Raw | None
) -> tuple[Template, ...]:
    """Find the templates of an object, each with what it was; raises msgspec.MsgspecError."""
    found = _found(paths, new)
    before = {} if old is None else _found(paths, old)
    return tuple(_template(place, raw, before.get(place)) for place, raw in found.items())


def _template(place: _Place, raw: msgspec.Raw, old: msgspec.Raw | None) -> Template:
    return Template(
        root=f"{_written(place)}.spec",
        pod=_decode_pod(raw) or Pod(),
        old=None if old is None else _decode_pod(old) or Pod(),
        changed=old is None or _differ(raw, old),
    )


def _written(place: _Place) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _found(paths: tuple[TemplatePath, ...], raw: msgspec.Raw) -> dict[_Place, msgspec.Raw]:
    found: dict[_Place, msgspec.Raw] = {}
    for path in paths:
        for place, each in _below(raw, path, ()):
            found[place] = each
            if len(found) > MAX_TEMPLATES:
                raise msgspec.ValidationError(f"more than {MAX_TEMPLATES} pod templates")
    return found


def _below(
    raw: msgspec.Raw, path: TemplatePath, place: _Place
) -> Iterator[tuple[_Place, msgspec.Raw]]:
    if not path:
        yield place, raw
        return
    level, step = _decode_level(raw), path[0]
    items: Iterable[tuple[str | int, msgspec.Raw]] = ()
    if isinstance(level, list):
        items = enumerate(level) if step == "*" else ()
    elif level is not None and step == "*":
        items = level.items()
    elif level is not None and step in level:
        items = ((step, level[step]),)
    for inner, it in items:
        yield from _below(it, path[1:], (*place, inner))


def _differ(new: msgspec.Raw, old: msgspec.Raw) -> bool:
    """Tell whether two templates differ in anything but the mark of a restart."""
    return bytes(new) != bytes(old) and _unmarked(new) != _unmarked(old)


def _unmarked(raw: msgspec.Raw) -> dict[str, object]:
    template: dict[str, object] = _bytes(_decode_map(raw))
    metadata: dict[str, object] = _bytes(_decode_map(_part(template, "metadata")))
    annotations = _bytes(_decode_map(_part(metadata, "annotations")))
    annotations.pop(_RESTARTED, None)
    # Absent and empty are the same here: the first restart of a workload adds all three levels.
    return template | {"metadata": metadata | {"annotations": annotations}}


def _bytes(level: _Level | None) -> dict[str, object]:
    return {key: bytes(value) for key, value in (level or {}).items()}


def _part(level: dict[str, object], key: str) -> bytes:
    found = level.get(key)
    return found if isinstance(found, bytes) else b"null"
