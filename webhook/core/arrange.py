"""A container and the sources granted to it -> the operations that bring them into order.

Kubernetes lets a later `envFrom` element win over an earlier one, so order is what this is about.
Elements that the policy does not know keep their bytes and their order; those that it knows are
moved, never rewritten, so that fields which this program does not know survive in them, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from webhook.core.patch import TRUE, Operation, add, move, raw_list, remove
from webhook.core.pod import Container, EnvFrom
from webhook.core.tables import CompiledPolicy, CompiledScope, Source, SourceKey, Variable
from webhook.core.value import Value


class Plan(Value, frozen=True):
    """What a container is to have: sources in order, and variables in order."""

    sources: tuple[Source, ...]
    variables: tuple[Variable, ...]


@dataclass(slots=True)
class _Element:
    """A place of the list while it is being arranged; `key` is None where it is not managed."""

    key: SourceKey | None
    rank: int
    optional: bool


def plan(scopes: Iterable[CompiledScope], container: str) -> Plan:
    """Put what is granted to a container into order; of what repeats, the last place counts."""
    sources: dict[SourceKey, Source] = {}
    variables: dict[str, Variable] = {}
    for scope in scopes:
        if scope.containers is None or scope.containers.matches(container):
            for source in scope.sources:
                sources.pop(source.key, None)
                sources[source.key] = source
            for variable in scope.variables:
                variables.pop(variable.name, None)
                variables[variable.name] = variable
    return Plan(tuple(sources.values()), tuple(variables.values()))


def arrange(
    container: Container, wanted: Plan, policy: CompiledPolicy, path: str
) -> list[Operation]:
    """Return the operations on a container, given its JSON Pointer; none when all is in order."""
    operations = _arrange_env_from(container.envFrom or (), wanted.sources, policy, path)
    if wanted.variables:
        operations += _add_variables(container, wanted.variables, f"{path}/env")
    return operations


def source_key(element: EnvFrom) -> SourceKey | None:
    """Return what identifies an `envFrom` element; None for one that is not a proper source."""
    if (element.secretRef is None) == (element.configMapRef is None):
        return None
    if element.secretRef is not None:
        return ("Secret", element.secretRef.name or "", element.prefix or "")
    return (
        "ConfigMap",
        (element.configMapRef and element.configMapRef.name) or "",
        element.prefix or "",
    )


def _arrange_env_from(
    elements: Sequence[EnvFrom],
    sources: tuple[Source, ...],
    policy: CompiledPolicy,
    container_path: str,
) -> list[Operation]:
    path = f"{container_path}/envFrom"
    if not elements:
        if not sources:
            return []
        return [add(path, raw_list([source.value for source in sources]))]
    if policy.ranks.keys().isdisjoint(map(source_key, elements)):
        # Most pods come with none of ours. All go to the end: a quarter off the whole decision.
        return [add(f"{path}/{i}", source.value) for i, source in enumerate(sources, len(elements))]
    granted = {source.key: source.rank for source in sources}
    places = [_element(element, granted, policy) for element in elements]
    if [(p.key, p.optional) for p in places if p.key] == [(s.key, s.optional) for s in sources]:
        return []  # every pod that was injected before comes by here once more
    return [
        *_drop_repeated(places, path),
        *_sort_managed(places, path),
        *_correct_optional(places, policy, path),
        *_insert_missing(places, sources, path),
    ]


def _element(element: EnvFrom, granted: dict[SourceKey, int], policy: CompiledPolicy) -> _Element:
    key = source_key(element)
    managed = policy.ranks.get(key) if key else None
    if key is None or managed is None:
        return _Element(None, 0, False)
    reference = element.secretRef or element.configMapRef
    return _Element(key, granted.get(key, managed[0]), bool(reference and reference.optional))


def _drop_repeated(places: list[_Element], path: str) -> list[Operation]:
    """Of repeated managed sources keep the last, which is the one that counts."""
    operations = []
    kept: list[_Element] = []
    seen: set[SourceKey] = set()
    for i in range(len(places) - 1, -1, -1):
        place = places[i]
        if place.key is not None and place.key in seen:
            operations.append(remove(f"{path}/{i}"))
            continue
        if place.key is not None:
            seen.add(place.key)
        kept.append(place)
    places[:] = reversed(kept)
    return operations


def _sort_managed(places: list[_Element], path: str) -> list[Operation]:
    """Sort the managed elements into the places that they hold, by swapping pairs."""
    held = [i for i, place in enumerate(places) if place.key is not None]
    wanted = sorted((places[i] for i in held), key=lambda place: place.rank)
    now_at = {id(places[i]): i for i in held}
    operations: list[Operation] = []
    for i, place in zip(held, wanted, strict=True):
        j, other = now_at[id(place)], places[i]
        if i == j:
            continue
        operations.append(move(f"{path}/{j}", f"{path}/{i}"))
        if j > i + 1:  # what stood at i is now at i + 1, and goes where the other came from
            operations.append(move(f"{path}/{i + 1}", f"{path}/{j}"))
        places[i], places[j] = place, other
        now_at[id(other)] = j
    return operations


def _correct_optional(places: list[_Element], policy: CompiledPolicy, path: str) -> list[Operation]:
    operations = []
    for i, place in enumerate(places):
        if place.key is None:
            continue
        _, optional = policy.ranks[place.key]
        if optional != place.optional:
            member = "secretRef" if place.key[0] == "Secret" else "configMapRef"
            field = f"{path}/{i}/{member}/optional"
            operations.append(add(field, TRUE) if optional else remove(field))
    return operations


def _insert_missing(
    places: list[_Element], sources: tuple[Source, ...], path: str
) -> list[Operation]:
    """Insert each missing source immediately before the next managed one, or at the end."""
    operations = []
    present = {place.key for place in places}
    at = 0  # sources come in rank order, so each search goes on where the last one ended
    for source in sources:
        if source.key in present:
            continue
        while at < len(places) and (places[at].key is None or places[at].rank < source.rank):
            at += 1
        operations.append(add(f"{path}/{at}", source.value))
        places.insert(at, _Element(source.key, source.rank, source.optional))
    return operations


def _add_variables(
    container: Container, variables: tuple[Variable, ...], path: str
) -> list[Operation]:
    """Add what the pod does not set itself in front, so that its own `$(VAR)` can refer to it."""
    own = {variable.name for variable in container.env or ()}
    missing = [variable.value for variable in variables if variable.name not in own]
    if not missing:
        return []
    if not container.env:
        return [add(path, raw_list(missing))]
    return [add(f"{path}/{i}", value) for i, value in enumerate(missing)]
