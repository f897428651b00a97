"""Who a pod is, in CEL: the same steps as `webhook.core.identity`, and who asks for it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from webhook.core.tables import CompiledPolicy, CompiledRule
from webhook.core.words import MIRROR_ANNOTATION, NODES_GROUP, SCOPES_ANNOTATION
from webhook.native import objects
from webhook.native.cel import Variable, lines, mapping, text, texts

# Stands for a label that is not there: no value of a label may be this.
_ABSENT: Final = "?"
# What counts in the annotation: anything but white space, as Python and Unicode know it.
_INK: Final = r"[^\s\x0b\x1c-\x1f\x85\pZ]+"


def identity(policy: CompiledPolicy, controllers: Collection[str]) -> Iterator[Variable]:
    """Yield role, pool and account, and what the pod asks for by its annotation."""
    yield Variable("debugging", "request.?subResource.orValue('') == 'ephemeralcontainers'")
    yield Variable(
        "subject", f"// the pod, or the template of pods\n{objects.subject_of('object')}"
    )
    places = {"pods": "", **objects.TEMPLATES}
    special = mapping({plural: text(path) for plural, path in places.items()})
    yield Variable(
        "at",
        "// where it stands in the object, for messages\n"
        f"{special}[?request.resource.resource].orValue({text(objects.TEMPLATE)})",
    )
    yield Variable("spec", "variables.subject.spec")
    yield Variable(
        "pod",
        "// who the pod is, an update may not change\n"
        "variables.debugging ? dyn(oldObject) : variables.subject",
    )
    yield Variable("labels", "variables.pod.?metadata.?labels.orValue({})")
    yield Variable("annotations", "variables.pod.?metadata.?annotations.orValue({})")
    yield from _recognised(policy)
    yield Variable(
        "account",
        "[string(variables.pod.spec.?serviceAccountName.orValue('')),\n"
        "  string(variables.pod.spec.?serviceAccount.orValue('')), 'default']\n"
        "  .filter(it, it != '')[0]",
    )
    yield Variable(
        "asked",
        f"string(variables.annotations[?{text(SCOPES_ANNOTATION)}].orValue(''))\n"
        f"  .findAll({text(_INK)}).join('').split(',').filter(it, it != '').distinct()",
    )
    yield Variable("user", "string(request.?userInfo.?username.orValue(''))")
    yield Variable("groups", "request.?userInfo.?groups.orValue([])")
    yield Variable(
        "mirror",
        f"// the annotation alone is a claim\n"
        "request.resource.resource == 'pods' && !variables.debugging &&\n"
        f"  {text(MIRROR_ANNOTATION)} in variables.annotations &&\n"
        f"  {text(NODES_GROUP)} in variables.groups",
    )
    if policy.has_deployers:
        yield Variable(
            "controller",
            "// what these create inherits the judgement of its workload\n"
            f"variables.user in {texts(sorted(controllers))}",
        )


def _recognised(policy: CompiledPolicy) -> Iterator[Variable]:
    if policy.rules:
        conditions = [_matches(rule) for rule in policy.rules]
        yield Variable(
            "rule",
            "// the first rule of spec.identity that matches; -1: none\n"
            f"{lines(conditions)}.indexOf(true)",
        )
    said = _first(policy.role_labels, text(_ABSENT))
    aliases = mapping({key: text(role) for key, role in policy.aliases.items()})
    yield Variable("said", said)
    meant = f"{aliases}[?variables.said].orValue(variables.said)" if policy.aliases else None
    yield Variable("meant", meant or "variables.said")
    by_label = f"(variables.meant in {texts(sorted(policy.roles))} ? variables.meant : '')"
    yield Variable(
        "role",
        "// empty: unknown\n"
        + _by_rule(policy, [text(rule.role) for rule in policy.rules], by_label),
    )
    pools = [_pool(rule) for rule in policy.rules]
    pool_of_label = _first(policy.pool_labels, "''")
    yield Variable("pool", "// empty: none\n" + _by_rule(policy, pools, pool_of_label))
    fields = [_pool_field(rule) for rule in policy.rules]
    key = f"({texts(policy.pool_labels)}.filter(it, it in variables.labels) + [''])[0]"
    yield Variable(
        "claim",
        "// where the pool is claimed\n"
        + _by_rule(policy, fields, f"variables.at + 'metadata.labels[' + {key} + ']'"),
    )


def _by_rule(policy: CompiledPolicy, by_rule: Sequence[str], otherwise: str) -> str:
    if not policy.rules:
        return otherwise
    return f"variables.rule >= 0 ? [{', '.join(by_rule)}][variables.rule] :\n  {otherwise}"


def _first(keys: Sequence[str], otherwise: str) -> str:
    """Return the value of the first label that the pod carries."""
    there = f"{texts(keys)}.filter(it, it in variables.labels)"
    return f"({there}.map(it, string(variables.labels[it])) + [{otherwise}])[0]"


def _matches(rule: CompiledRule) -> str:
    parts = [_is_in(key, (value,)) for key, value in rule.labels]
    for key, operator, values in rule.expressions:
        match operator:
            case "In":
                parts.append(_is_in(key, sorted(values)))
            case "NotIn":
                parts.append(f"!({_is_in(key, sorted(values))})")
            case "Exists":
                parts.append(f"{text(key)} in variables.labels")
            case _:  # DoesNotExist; the model knows no other
                parts.append(f"!({text(key)} in variables.labels)")
    return " && ".join(parts) or "true"


def _is_in(key: str, values: Sequence[str]) -> str:
    return f"{text(key)} in variables.labels && variables.labels[{text(key)}] in {texts(values)}"


def _pool(rule: CompiledRule) -> str:
    if rule.pool_from:
        return f"string(variables.labels[?{text(rule.pool_from)}].orValue(''))"
    return text(rule.pool or "")


def _pool_field(rule: CompiledRule) -> str:
    if rule.pool_from:
        return f"variables.at + {text(f'metadata.labels[{rule.pool_from}]')}"
    return text(f"rule {rule.index} of spec.identity")
