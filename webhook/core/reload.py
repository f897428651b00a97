"""What a workload tells Reloader: the Secrets and ConfigMaps that its pods will be given.

Reloader reads a workload and its template, where injected sources do not stand. It restarts a
workload too for what is named in the annotation `secret.reloader.stakater.com/reload` of the
workload, and in the one for ConfigMaps: names, separated by commas. They go there and never into
the template, a change of which restarts the pods.

People may write names there themselves, and those stay as they are. So that ours can be told from
theirs later, ours are repeated in an annotation of our own. Nothing but these three is touched.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from webhook.core import inject
from webhook.core.arrange import plan
from webhook.core.assess import assess
from webhook.core.patch import Operation, add, remove
from webhook.core.pod import Pod
from webhook.core.request import Marks
from webhook.core.tables import CompiledPolicy, CompiledScope
from webhook.core.words import RELOAD_ANNOTATION

KINDS: Final = ("Secret", "ConfigMap")
_RELOADER: Final = "reloader.stakater.com"
# Whichever of them a workload has, Reloader no longer looks at those of the template.
_ANY_KIND: Final = (f"{_RELOADER}/auto", f"{_RELOADER}/search")
# Every annotation that this is about.
KEYS: Final = frozenset(
    {
        RELOAD_ANNOTATION,
        *_ANY_KIND,
        *(f"{kind.lower()}.{_RELOADER}/{word}" for kind in KINDS for word in ("auto", "reload")),
    }
)
# What the API takes of annotations, keys and values together (TotalAnnotationSizeLimitB).
MAX_ANNOTATIONS: Final = 256 * 1024

MASKED: Final = (
    "Reloader is not told of injected sources: move its annotations from the pod template to the "
    "workload's own"
)
TOO_LARGE: Final = "Reloader is not told of injected sources: the annotations would be too large"

Given = tuple[str, str]  # kind and name


def wanted(pod: Pod, namespace: str, policy: CompiledPolicy) -> tuple[Given, ...]:
    """Return what Reloader is to be told of a workload with this template."""
    return given(pod, namespace, policy) if policy.annotate else ()


def given(pod: Pod, namespace: str, policy: CompiledPolicy) -> tuple[Given, ...]:
    """Return what the policy gives to pods, in its order; nothing to those that are refused."""
    assessment = assess(pod, namespace, policy)
    lists = inject.regular_containers(pod)
    inject.changes(lists, assessment.granted, policy, assessment.findings)
    if assessment.findings.refusals:
        return ()
    found: dict[Given, None] = {}
    for _, containers in lists:
        for _, container in containers:
            if not policy.exclude.matches(container.name or ""):
                own = {variable.name for variable in container.env or ()}
                found |= dict.fromkeys(_planned(assessment.granted, container.name or "", own))
    return tuple(found)


def annotate(marks: Marks, names: Iterable[Given]) -> tuple[tuple[Operation, ...], str]:
    """Return what changes in a workload's annotations, and what its author is to be told."""
    names = tuple(names)
    present = marks.present or {}
    ours = set(_entries(present.get(RELOAD_ANNOTATION)))
    after: dict[str, str | None] = {}
    listed: list[str] = []
    warning = ""
    for kind in KINDS:
        key, prefix = annotation(kind), f"{kind.lower()}/"
        theirs = [it for it in _entries(present.get(key)) if prefix + it not in ours]
        told = [name for of, name in names if of == kind and name not in theirs]
        if told and not theirs and _masks(kind, marks):
            told, warning = [], MASKED
        after[key] = _merged(present.get(key), [*theirs, *told])
        listed += [prefix + name for name in told]
    after[RELOAD_ANNOTATION] = _merged(present.get(RELOAD_ANNOTATION), listed)
    if _too_large(marks, after):
        return (), TOO_LARGE
    return tuple(_operations(marks.present, after)), warning


def annotation(kind: str) -> str:
    """Return the annotation in which Reloader reads names of objects of a kind."""
    return f"{kind.lower()}.{_RELOADER}/reload"


def would(names: Iterable[Given]) -> str:
    """Say what a change of the annotations would come to, for dry run."""
    named = ", ".join(name for _, name in names)
    return f"would tell Reloader of {named or 'nothing any more'}"


def _planned(
    granted: tuple[CompiledScope, ...], container: str, own: set[str | None]
) -> Iterator[Given]:
    planned = plan(granted, container)
    for source in planned.sources:
        kind, name, _ = source.key
        yield kind, name
    for variable in planned.variables:
        if variable.name not in own:  # what the pod wrote itself stays, and may read another one
            yield "Secret", variable.secret


def _entries(value: str | None) -> list[str]:
    """Take a list apart as Reloader does."""
    return [entry for it in (value or "").split(",") if (entry := it.strip())]


def _merged(before: str | None, entries: list[str]) -> str | None:
    """Write a list; one that says the same stays as somebody wrote it."""
    if set(_entries(before)) == set(entries):
        return before
    return ",".join(entries) or None


def _masks(kind: str, marks: Marks) -> bool:
    """Tell whether an annotation of ours would have Reloader overlook people's in the template."""
    own = (f"{kind.lower()}.{_RELOADER}/auto", annotation(kind), *_ANY_KIND)
    beside = (key for key in own if key != annotation(kind))
    return not any(it in (marks.present or {}) for it in beside) and any(
        it in marks.template for it in own
    )


def _too_large(marks: Marks, after: Mapping[str, str | None]) -> bool:
    def size(found: Mapping[str, str | None]) -> int:
        pairs = ((key, found.get(key)) for key in after)
        return sum(len((key + it).encode()) for key, it in pairs if it is not None)

    growth = size(after) - size(marks.present or {})
    return growth > 0 and marks.size + growth > MAX_ANNOTATIONS


def _operations(
    present: Mapping[str, str] | None, after: Mapping[str, str | None]
) -> Iterator[Operation]:
    changed = {key: it for key, it in after.items() if it != (present or {}).get(key)}
    if present is None and changed:
        yield add("/metadata/annotations", msgspec.Raw(msgspec.json.encode(changed)))
        return
    for key, value in changed.items():
        path = f"/metadata/annotations/{key.replace('/', '~1')}"
        if value is None:
            yield remove(path)
        else:
            yield add(path, msgspec.Raw(msgspec.json.encode(value)))
