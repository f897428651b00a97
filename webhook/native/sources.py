"""What each container is to be given, and in which order, in CEL.

A source is known by its key, written `s=NAME=PREFIX` or `c=NAME=PREFIX` for a ConfigMap: no name
and no prefix holds `=`. Its place is its index among the sources of all scopes; the pool's Secret
has the place behind them.
"""

from collections import Counter
from collections.abc import Iterator

from webhook.core.tables import CompiledPolicy, CompiledScope, Source, SourceKey
from webhook.native.cel import Variable, lines, mapping, record, texts
from webhook.native.grants import containers, pool_secret_tables


def sources(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield the tables of sources and variables, and which of them the pod is given."""
    every = every_source(policy)
    yield Variable("keys", texts(key_of(source.key) for _, source in every))
    yield Variable(
        "places",
        "// of what several scopes give, the last place\n"
        + mapping({key_of(source.key): str(i) for i, (_, source) in enumerate(every)}),
    )
    optional = {key_of(source.key) for _, source in every if source.optional}
    yield Variable("optional", texts(sorted(optional)))
    scope_of = ", ".join(str(scope.index) for scope, _ in every)
    planned = f"lists.range({len(every)}).filter(p, variables.granted[[{scope_of}][p]])"
    yield Variable("planned", f"// the places of what the pod's scopes give\n{planned}")
    yield Variable("only", texts(containers(scope) for scope, _ in every))
    yield Variable(
        "singles",
        "// variables that scopes give\n"
        + lines(_variables(policy))
        + "\n  .filter(it, variables.granted[int(it.scope)])",
    )


def _variables(policy: CompiledPolicy) -> list[str]:
    every = [(scope, it) for scope in policy.scopes.values() for it in scope.variables]
    return [
        record(
            place=str(i),
            scope=str(scope.index),
            containers=containers(scope),
            name=variable.name,
            secret=variable.secret,
            key=variable.secret_key,
            optional=str(variable.optional).lower(),
        )
        for i, (scope, variable) in enumerate(every)
    ]


def every_source(policy: CompiledPolicy) -> list[tuple[CompiledScope, Source]]:
    """Return the sources of all scopes, in order, each with its scope."""
    return [(scope, source) for scope in policy.scopes.values() for source in scope.sources]


def pool_place(policy: CompiledPolicy) -> int:
    """Return the place of a pool's Secret."""
    return len(every_source(policy))


def key_of(key: SourceKey) -> str:
    """Write what identifies a source."""
    kind, name, prefix = key
    return f"{'s' if kind == 'Secret' else 'c'}={name}={prefix}"


def key(element: str) -> str:
    """Return the key of an element of `envFrom`; one that reads nothing has a key of nobody."""
    return (
        f"({element}.?secretRef.hasValue() ? 's=' + {element}.secretRef.?name.orValue('') :\n"
        f"    'c=' + {element}.?configMapRef.?name.orValue('')) + '=' + "
        f"{element}.?prefix.orValue('')"
    )


def wanted(policy: CompiledPolicy, container: str) -> str:
    """Return the places of what a container is to have, in order."""
    found = "variables.planned"
    if any(scope.containers is not None for scope, _ in every_source(policy)):
        here = f"variables.only[p] == '' || {container}.name.matches(variables.only[p])"
        found += f".filter(p, {here})"
    if _repeated(policy):
        later = "w.exists(q, q > p && variables.keys[q] == variables.keys[p])"
        found = f"[{found}].map(w, w.filter(p, !{later}))[0]"
    return f"{found} + (variables.poolSecret == '' ? [] : [{pool_place(policy)}])"


def place(policy: CompiledPolicy, it: str, wanted_places: str) -> str:
    """Return the place of a key, given the places of what the container is to have; -1: unmanaged.

    Of what several scopes give, that place counts which the container has by its own scopes.
    """
    of_pool = " || ".join(
        f"{it}.substring(2, {it}.size() - 1) in variables.{each.name}"
        for each in pool_secret_tables(policy)
    )
    other = (
        f"{it}.startsWith('s=') && {it}.endsWith('=') && ({of_pool}) ? {pool_place(policy)} : -1"
    )
    last = f"({it} in variables.places ? variables.places[{it}] : {other})"
    if not _repeated(policy):
        return last
    own = f"{wanted_places}.filter(p, p < {pool_place(policy)} && variables.keys[p] == {it})"
    return f"({own} + [{last}])[0]"


def _repeated(policy: CompiledPolicy) -> bool:
    """Tell whether several scopes give one source."""
    return any(n > 1 for n in Counter(source.key for _, source in every_source(policy)).values())


def is_optional(element: str) -> str:
    """Return whether what an element reads may be missing."""
    return f"{element}.?secretRef.?optional.or({element}.?configMapRef.?optional).orValue(false)"
