"""Whether each container has what it is to be given, and overrides none of it, in CEL.

The lists `wanted`, `elements` and `own` run parallel to `targets`, the containers to inject.
"""

from collections.abc import Iterator
from typing import Final

from webhook.core.tables import CompiledPolicy
from webhook.native import sources
from webhook.native.cel import Variable, matching, mixed, text
from webhook.native.containers import LISTS

_FROM: Final = "t.container.?envFrom.orValue([])"
# The pod's own variable, of several with one name the last, reads what the scope's reads.
_SAME: Final = (
    "[o[o.size() - 1]].exists(e,\n"
    "      e.?valueFrom.?secretKeyRef.?name.orValue('') == v.secret &&\n"
    "      e.?valueFrom.?secretKeyRef.?key.orValue('') == v.key &&\n"
    "      (e.?valueFrom.?secretKeyRef.?optional.orValue(false) ? 'true' : 'false') == v.optional)"
)


def targets(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield what leads to `lacking`, the indexes of targets that are not as they are to be."""
    yield from sources.sources(policy)
    parts = " +\n  ".join(filter(None, (_targets(policy, *each) for each in LISTS)))
    yield Variable("targets", f"variables.mirror ? [] :\n  {parts}")
    yield Variable(
        "wanted",
        "// the places of what each is to have\n"
        f"variables.targets.map(t, {sources.wanted(policy, 't.container')})",
    )
    element = mixed(
        key="k",
        place=sources.place(policy, "k", "w"),
        optional=sources.is_optional("e"),
    )
    yield Variable(
        "elements",
        "// what each has in envFrom; place -1: not managed\n"
        "variables.targets.transformList(n, t, [variables.wanted[n]].map(w,\n"
        f"  {_FROM}.map(e, [{sources.key('e')}].map(k,\n    {element})[0]))[0])",
    )
    last = "s.transformList(n, v, !s.slice(n + 1, s.size()).exists(o, o.name == v.name), v)"
    here = "v.containers == '' || t.container.name.matches(v.containers)"
    yield Variable(
        "own",
        "// variables of scopes that each is to have; of several with one name the last\n"
        f"variables.targets.map(t, [variables.singles.filter(v, {here})].map(s,\n  {last})[0])",
    )
    yield Variable(
        "lacking",
        "// sources are there, once, in order, with the policy's `optional`; variables are there\n"
        f"lists.range(variables.targets.size()).filter(n, !({_COMPLETE}))",
    )
    yield Variable("overriding", _OVERRIDING)


def _targets(policy: CompiledPolicy, members: str, name: str) -> str:
    debug = name == "debug"
    if debug and not policy.inject_ephemeral:
        return ""
    conditions = []
    if policy.exclude.patterns:
        conditions.append(f"!c.name.matches({text(matching(policy.exclude.patterns))})")
    if debug:
        conditions.append("!(c in variables.before)")
    target = mixed(
        path=f"'/spec/{members}/' + string(i)",
        field=f"variables.at + 'spec.{members}[' + string(i) + ']'",
        container="c",
    )
    given = " && ".join(conditions) or "true"
    return f"variables.{name}.transformList(i, c, {given},\n    {target})"


# Mostly a container has just what it is to have, or nothing of it: both are found out at once.
_COMPLETE: Final = (
    "[variables.elements[n].filter(x, x.place >= 0)].all(m,\n"
    "  m.all(x, x.optional == (x.key in variables.optional)) &&\n"
    "  [m.map(x, int(x.place))].all(o, o == variables.wanted[n] ||\n"
    "    (variables.wanted[n].all(p, p in o) &&\n"
    "      lists.range(o.size()).all(i, i == 0 || o[i - 1] < o[i])))) &&\n"
    "variables.own[n].all(v,\n"
    "  variables.targets[n].container.?env.orValue([]).exists(e, e.name == v.name))"
)
_OVERRIDING: Final = (
    "variables.targets.transformList(n, t, variables.own[n].filter(v,\n"
    "    [t.container.?env.orValue([]).filter(e, e.name == v.name)].exists(o,\n"
    f"      o.size() > 0 && !{_SAME}))\n"
    "  .map(v, 'container \\'' + t.container.name + '\\' sets variable \\'' + v.name + '\\' (' +\n"
    "    t.field + '.env)')).flatten()"
)
