"""The canonical order of a container's sources, said by sort keys instead of by insertions.

Everything that ends up in `envFrom` has a gap: how many unmanaged elements stand before it. An
unmanaged element is in its own gap. A managed one that was there takes, in the policy's order, one
of the gaps that managed ones held; a missing one shares the gap of the next managed one in the
policy's order, or comes after everything. Sorting by gap, then by the policy's order, is the
canonical arrangement: no step of it depends on another.
"""

import copy
from collections.abc import Collection

from tests.properties.oracle_policy import (
    Json,
    Place,
    Source,
    any_glob_fits,
    is_optional,
    places_of,
    scopes_of,
    source_of,
)


def is_meant_for(containers: Collection[str] | None, name: str) -> bool:
    return containers is None or any_glob_fits(tuple(containers), name)


def granted_places(spec: Json, granted: Collection[str], container: str) -> list[Place]:
    """What this container is given through `envFrom`, in the policy's order."""
    return [
        place
        for place in places_of(spec)
        if place.scope in granted and is_meant_for(place.containers, container)
    ]


def ranks(spec: Json, granted: Collection[str], container: str) -> dict[Source, int]:
    """Where each managed source belongs: at its last granted place, else at its last place."""
    order = places_of(spec)
    given = granted_places(spec, granted, container)
    return {
        source: max(
            [i for i, place in enumerate(order) if place.source == source and place in given]
            or [i for i, place in enumerate(order) if place.source == source]
        )
        for source in {place.source for place in order}
    }


def corrected(element: Json, *, optional: bool) -> Json:
    """The same element with the policy's `optional`, untouched where it says that already."""
    if is_optional(element) == optional:
        return element
    fixed = copy.deepcopy(element)
    reference = fixed.get("secretRef") or fixed.get("configMapRef")
    if optional:
        reference["optional"] = True
    else:
        del reference["optional"]
    return fixed


def written(place: Place) -> Json:
    """A source as an element of `envFrom`."""
    reference: Json = {"name": place.source.name} | ({"optional": True} if place.optional else {})
    field = "secretRef" if place.source.kind == "Secret" else "configMapRef"
    return {field: reference} | ({"prefix": place.source.prefix} if place.source.prefix else {})


def arranged_env_from(
    elements: list[Json], spec: Json, granted: Collection[str], container: str
) -> list[Json]:
    """What `envFrom` should be, given what it is."""
    rank = ranks(spec, granted, container)
    optional = {place.source: place.optional for place in places_of(spec)}
    sources = [source_of(element) for element in elements]
    # Of repeated managed sources the last one counts, so it is the one that stays.
    staying = [
        i
        for i, source in enumerate(sources)
        if source not in rank or source not in sources[i + 1 :]
    ]
    unmanaged = [elements[i] for i in staying if sources[i] not in rank]
    present = {source: elements[i] for i in staying if (source := sources[i]) in rank and source}
    gaps = [
        sum(sources[j] not in rank for j in staying if j < i) for i in staying if sources[i] in rank
    ]
    gap_of = dict(zip(sorted(present, key=rank.__getitem__), gaps, strict=True))

    def gap(source: Source) -> int:
        later = [other for other in gap_of if rank[other] >= rank[source]]
        return gap_of[min(later, key=rank.__getitem__)] if later else len(unmanaged)

    given = {place.source: place for place in granted_places(spec, granted, container)}
    managed = {source: written(place) for source, place in given.items()} | {
        source: corrected(element, optional=optional[source]) for source, element in present.items()
    }
    keyed = [((gap(source), 0, rank[source]), element) for source, element in managed.items()]
    keyed += [((i, 1, 0), element) for i, element in enumerate(unmanaged)]
    return [element for _, element in sorted(keyed, key=lambda pair: pair[0])]


def granted_env(spec: Json, granted: Collection[str], container: str) -> list[Json]:
    """The variables that this container is given by name: of several of one name the last."""
    every = [
        variable
        for scope in scopes_of(spec)
        if scope["name"] in granted and is_meant_for(scope.get("containers"), container)
        for variable in scope.get("env") or []
    ]
    names = [variable["name"] for variable in every]
    return [it for i, it in enumerate(every) if it["name"] not in names[i + 1 :]]


def arranged_env(
    elements: list[Json], spec: Json, granted: Collection[str], container: str
) -> list[Json]:
    """What `env` should be: what the pod wrote stays, what is missing goes to the front."""
    there = {element.get("name") for element in elements}
    missing = [it for it in granted_env(spec, granted, container) if it["name"] not in there]
    return missing + elements


def arranged(container: Json, spec: Json, granted: Collection[str]) -> Json:
    """The container as it should be. A field that needs no change keeps its null or its absence."""
    result = dict(container)
    for field, arrange in (("envFrom", arranged_env_from), ("env", arranged_env)):
        before = container.get(field) or []
        after = arrange(before, spec, granted, container["name"])
        if after != before:
            result[field] = after
    return result


def said_alike(variable: Json) -> tuple[str, str, bool] | None:
    """Which key of which Secret a variable reads, and whether it may be missing; None: another."""
    filled = {field: it for field, it in (variable.get("valueFrom") or {}).items() if it}
    if variable.get("value") or list(filled) != ["secretKeyRef"]:
        return None
    reference = filled["secretKeyRef"]
    return reference.get("name", ""), reference.get("key", ""), bool(reference.get("optional"))


def shadowed(container: Json, spec: Json, granted: Collection[str]) -> list[str]:
    """The granted variables that the pod gives another value; its last one of a name counts."""
    own = {variable["name"]: variable for variable in container.get("env") or []}
    return [
        it["name"]
        for it in granted_env(spec, granted, container["name"])
        if it["name"] in own and said_alike(own[it["name"]]) != said_alike(it)
    ]
