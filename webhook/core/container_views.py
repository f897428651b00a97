"""What each container of a pod reads in the end, where it comes from, and which source wins."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webhook.core.arrange import plan, source_key
from webhook.core.assess import NO_SPEC
from webhook.core.pod import Container, EnvFrom, Pod
from webhook.core.tables import CompiledPolicy, CompiledScope, SourceKey


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the final `envFrom`."""

    kind: str
    name: str
    prefix: str
    optional: bool
    scope: str  # that gives it; empty for one of the pod's own
    origin: str  # injected | there before | moved | the pod's own
    corrected: bool  # its `optional` is changed to the policy's
    wins: bool  # over all the others, where keys overlap


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a granted scope."""

    name: str
    secret: str
    key: str
    scope: str
    origin: str  # injected | there before | overridden by the pod's own | not given here


@dataclass(frozen=True, slots=True)
class ContainerView:
    """What one container reads in the end."""

    list: str
    name: str
    excluded: bool  # named in spec.containers.exclude, or a debug container that is skipped
    repeated: tuple[str, ...]  # what was there more than once, of which the last stays
    env_from: tuple[Element, ...]
    variables: tuple[Variable, ...]


def container_views(
    pod: Pod, stored: Pod, granted: Sequence[CompiledScope], policy: CompiledPolicy
) -> Iterator[ContainerView]:
    """Compare each container with what it is once the patch of the decision is applied."""
    before = (pod.spec or NO_SPEC).listed()
    after = (stored.spec or NO_SPEC).listed()
    for (members, olds), (_, news) in zip(before, after, strict=True):
        for old, new in zip(olds, news, strict=True):
            name = new.name or ""
            debug = members == "ephemeralContainers" and not policy.inject_ephemeral
            excluded = debug or policy.exclude.matches(name)
            variables = () if excluded else tuple(_variables(old, new, granted))
            yield ContainerView(
                list=members,
                name=name,
                excluded=excluded,
                repeated=_repeated(old, new),
                env_from=tuple(_elements(old, new, granted, policy)),
                variables=variables,
            )


def _repeated(old: Container, new: Container) -> tuple[str, ...]:
    before = [key for key in map(source_key, old.envFrom or ()) if key is not None]
    after = [key for key in map(source_key, new.envFrom or ()) if key is not None]
    gone = Counter(before) - Counter(after)
    return tuple(dict.fromkeys(key[1] for key in before if key in gone))


def _elements(
    old: Container,
    new: Container,
    granted: Sequence[CompiledScope],
    policy: CompiledPolicy,
) -> Iterator[Element]:
    reaching = _reaching(granted, new)
    given_by = {source.key: scope.name for scope in reaching for source in scope.sources}
    # Of what is repeated the last stays, so that is what an element is compared with.
    before: dict[SourceKey | None, EnvFrom] = {}
    for element in reversed(old.envFrom or ()):
        before.setdefault(source_key(element), element)
    final = [(source_key(element), element) for element in new.envFrom or ()]
    moved = _moved(list(before)[::-1], [key for key, _ in final], policy)
    for i, (key, element) in enumerate(final):
        if key not in policy.ranks:
            origin = "the pod's own"
        elif key not in before:
            origin = "injected"
        else:
            origin = "moved" if key in moved else "there before"
        reference = element.secretRef or element.configMapRef
        was = before.get(key, element)
        was_reference = was.secretRef or was.configMapRef
        optional = bool(reference and reference.optional)
        yield Element(
            kind="Secret" if element.secretRef else "ConfigMap",
            name=(reference and reference.name) or "",
            prefix=element.prefix or "",
            optional=optional,
            scope=given_by.get(key, "") if key else "",
            origin=origin,
            corrected=key in policy.ranks
            and optional != bool(was_reference and was_reference.optional),
            wins=i + 1 == len(final),
        )


def _reaching(granted: Sequence[CompiledScope], container: Container) -> list[CompiledScope]:
    name = container.name or ""
    return [s for s in granted if s.containers is None or s.containers.matches(name)]


def _moved(
    before: Sequence[SourceKey | None], final: Sequence[SourceKey | None], policy: CompiledPolicy
) -> set[SourceKey | None]:
    """Return the managed elements that hold another place among those that were there."""
    old = [key for key in before if key in policy.ranks]
    new = [key for key in final if key in before and key in policy.ranks]
    return {mine for mine, other in zip(new, old, strict=False) if mine != other}


def _variables(
    old: Container, new: Container, given: Sequence[CompiledScope]
) -> Iterator[Variable]:
    given_by = {v.name: scope.name for scope in _reaching(given, new) for v in scope.variables}
    own = {variable.name for variable in old.env or ()}
    final = {variable.name: variable for variable in new.env or ()}
    for variable in plan(given, new.name or "").variables:
        found = final.get(variable.name)
        reads = found.valueFrom.secretKeyRef if found and found.valueFrom else None
        if variable.name not in own:
            origin = "injected" if found else "not given here"
        elif reads and (reads.name, reads.key, bool(reads.optional)) == (
            variable.secret,
            variable.secret_key,
            variable.optional,
        ):
            origin = "there before"
        else:
            origin = "overridden by the pod's own"
        yield Variable(
            name=variable.name,
            secret=variable.secret,
            key=variable.secret_key,
            scope=given_by[variable.name],
            origin=origin,
        )
