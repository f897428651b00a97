"""The steps of `webhook.core.arrange` in CEL: what `envFrom`, `env` and the annotation become.

A list that is not in order is built anew behind itself: what stays is copied, byte for byte, and
the old elements are taken away from in front. CEL has no loop in which one step could depend on the
one before it, as swapping pairs would.
"""

from collections.abc import Iterator
from typing import Final

from webhook.core.tables import CompiledPolicy, CompiledScope, Source
from webhook.core.tables import Variable as Given
from webhook.core.words import INJECTED_ANNOTATION
from webhook.native import sources
from webhook.native.cel import Variable, lines, mapping, mixed, text, texts

_POOL: Final = "[dyn({'secretRef': {'name': variables.poolSecret}})]"


def arrange(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield `patch`, the operations that bring every target into order."""
    every = sources.every_source(policy)
    elements = lines([_element(source) for _, source in every])
    yield Variable("sources", f"// as they are written, by their place\n{elements} + {_POOL}")
    yield Variable("singleElements", _single_elements(policy))
    yield Variable(
        "kept",
        "// of repeated managed sources the last stays, its `optional` as the policy's\n"
        "variables.lacking.map(n, variables.elements[n].transformList(i, x,\n"
        "  x.place < 0 || !variables.elements[n].slice(i + 1, variables.elements[n].size())\n"
        "    .exists(y, y.key == x.key),\n"
        f"  {_KEPT.replace('POOL', str(sources.pool_place(policy)))}))",
    )
    yield Variable(
        "sorted",
        "variables.kept.map(k, k.filter(x, x.place >= 0).sortBy(x, x.place))",
    )
    yield Variable(
        "missing",
        "variables.lacking.transformList(i, n, variables.wanted[n]\n"
        "  .filter(p, !variables.sorted[i].exists(x, x.place == p)))",
    )
    yield Variable("arranged", _ARRANGED)
    yield from _granted_names(policy)
    yield Variable("patch", _patch())


# The Secret of another pool is left as it is: such a pod is refused.
_KEPT: Final = (
    "{'at': x.place >= 0 && x.optional != (x.key in variables.optional) &&\n"
    "      !(x.place == POOL && x.key != 's=' + variables.poolSecret + '=') ? -1 : i,\n"
    "    'place': int(x.place)}"
)
_NEW: Final = ".map(p, {'at': -1, 'place': p})"
# Each managed place takes the next of the sorted ones, and before it what is missing there; what
# belongs behind all of them goes to the end. `at` is where it was; -1: it is written by its place.
_ARRANGED: Final = (
    "variables.kept.transformList(n, kept, [variables.sorted[n]].map(s,\n"
    "  kept.transformList(i, x, x.place < 0 ? [x] :\n"
    "    [kept.slice(0, i).filter(y, y.place >= 0).size()].map(k,\n"
    "      variables.missing[n].filter(p, p < s[k].place && (k == 0 || p > s[k - 1].place))\n"
    f"        {_NEW} + [s[k]])[0]).flatten() +\n"
    "  variables.missing[n].filter(p, s.size() == 0 || p > s[s.size() - 1].place)\n"
    f"    {_NEW})[0])"
)


def _element(source: Source) -> str:
    kind, name, prefix = source.key
    reference = {"name": f"dyn({text(name)})"} | (
        {"optional": "dyn(true)"} if source.optional else {}
    )
    member = "secretRef" if kind == "Secret" else "configMapRef"
    element = {"prefix": f"dyn({text(prefix)})"} if prefix else {}
    return f"dyn({mapping({**element, member: f'dyn({mapping(reference)})'})})"


def _single_elements(policy: CompiledPolicy) -> str:
    every = [_single(variable) for scope in policy.scopes.values() for variable in scope.variables]
    return f"// as they are written, by their place\n{lines(every)}"


def _single(variable: Given) -> str:
    reference = {
        "name": f"dyn({text(variable.secret)})",
        "key": f"dyn({text(variable.secret_key)})",
    }
    if variable.optional:
        reference["optional"] = "dyn(true)"
    key = mapping({"secretKeyRef": mapping(reference)})
    return f"dyn({mixed(name=text(variable.name), valueFrom=key)})"


def _granted_names(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield what the annotation is to say; empty: it is not to be there."""
    giving = [scope for scope in policy.scopes.values() if _gives(scope)]
    indexes = ", ".join(str(scope.index) for scope in giving)
    yield Variable(
        "grantedNames",
        f"({texts(scope.name for scope in giving)}\n"
        f"  .transformList(i, it, variables.granted[[{indexes}][i]], it) +\n"
        "  (variables.poolSecret == '' ? [] : ['pool/' + variables.pool])).join(',')",
    )


def _gives(scope: CompiledScope) -> bool:
    return bool(scope.sources or scope.variables)


def _patch() -> str:
    env_from = (
        "variables.lacking.transformList(i, n,\n"
        "    variables.arranged[i].map(x, x.at) != lists.range(variables.elements[n].size()),\n"
        "    [variables.targets[n].path + '/envFrom'].map(path,\n"
        "    variables.elements[n].size() == 0 ?\n"
        "    [JSONPatch{op: 'add', path: path,\n"
        "      value: variables.arranged[i].map(x, variables.sources[x.place])}] :\n"
        "    variables.arranged[i].map(x, x.at < 0 ?\n"
        "      JSONPatch{op: 'add', path: path + '/-', value: variables.sources[x.place]} :\n"
        "      JSONPatch{op: 'copy', from: path + '/' + string(x.at), path: path + '/-'}) +\n"
        "    variables.elements[n].map(x, JSONPatch{op: 'remove', path: path + '/0'}))[0])\n"
        "    .flatten()"
    )
    env = (
        "variables.lacking.map(n, [variables.targets[n].container.?env.orValue([])].map(env,\n"
        "    [variables.own[n].filter(v, !env.exists(e, e.name == v.name))\n"
        "      .map(v, variables.singleElements[int(v.place)])].map(found,\n"
        "      found.size() == 0 ? [] : env.size() == 0 ?\n"
        "        [JSONPatch{op: 'add', path: variables.targets[n].path + '/env', value: found}] :\n"
        "        found.transformList(j, v, JSONPatch{op: 'add',\n"
        "          path: variables.targets[n].path + '/env/' + string(j), value: v}))[0])[0])\n"
        "    .flatten()"
    )
    return f"{env_from} +\n  {env} +\n  ({_ANNOTATION})"


_KEY: Final = text(INJECTED_ANNOTATION)
_AT: Final = f"'/metadata/annotations/' + jsonpatch.escapeKey({_KEY})"
_ANNOTATION: Final = (
    "variables.debugging || variables.mirror ||\n"
    f"    string(variables.annotations[?{_KEY}].orValue('')) == variables.grantedNames &&\n"
    f"      ({_KEY} in variables.annotations) == (variables.grantedNames != '') ? [] :\n"
    "    variables.grantedNames == '' ?\n"
    f"      [JSONPatch{{op: 'remove', path: {_AT}}}] :\n"
    "    variables.annotations.size() == 0 ?\n"
    "      [JSONPatch{op: 'add', path: '/metadata/annotations',\n"
    f"        value: {{{_KEY}: variables.grantedNames}}}}] :\n"
    f"      [JSONPatch{{op: 'add', path: {_AT}, value: variables.grantedNames}}]"
)
