"""Policy -> ValidatingAdmissionPolicy: what may not be stored is refused by the API server itself.

It sees the final object, as the validating hook does. What a policy only warns of is a second
object, since a binding either denies or warns.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from webhook.core.policy import Reaction
from webhook.core.tables import CompiledPolicy
from webhook.core.words import INJECTION_LABEL, NamespaceMode
from webhook.native import objects
from webhook.native.asked import asked
from webhook.native.cel import Variable, needed, text
from webhook.native.objects import Json

KIND: Final = "ValidatingAdmissionPolicy"
NO_POLICY: Final = f"{objects.PREFIX}.no-policy"
# Within the 5 KiB of a message: five findings, each with names of at most 253 characters.
_MOST: Final = 5
_DENIES: Final = ("Deny", "Audit")
_TELLS: Final = ("Warn", "Audit")


def validating(
    policy: CompiledPolicy, earlier: Sequence[CompiledPolicy], variables: Sequence[Variable]
) -> Iterator[Json]:
    """Yield the policies and their bindings."""
    every = [*variables, *asked(policy)]
    name = f"{objects.PREFIX}.refuse.{policy.name}"
    validations = [_REFUSALS, *_guards(policy, Reaction.DENY), _present(policy)]
    yield _policy(name, policy, earlier, every, validations)
    enforced = _TELLS if policy.dry_run else _DENIES
    yield objects.binding(KIND, name, NamespaceMode.ENABLED, enforced)
    yield objects.binding(KIND, name, NamespaceMode.DRY_RUN, _TELLS)
    if told := list(_guards(policy, Reaction.WARN)):
        name = f"{objects.PREFIX}.warn.{policy.name}"
        yield _policy(name, policy, earlier, every, told)
        for mode in NamespaceMode:
            yield objects.binding(KIND, name, mode, _TELLS)


def ungoverned(policies: Sequence[CompiledPolicy]) -> Iterator[Json]:
    """Yield the policy that refuses pods of opted-in namespaces which no policy covers."""
    if any("*" in policy.namespace_globs for policy in policies):
        return
    message = (
        "'namespace \\'' + request.namespace + '\\' is opted in, but no SecretInjectionPolicy "
        "covers it: have the policy\\'s owner add it to spec.namespaces, or the namespace\\'s "
        f"label {INJECTION_LABEL} removed'"
    )
    validation = {
        "expression": " || ".join(objects.covers(policy) for policy in policies),
        "message": "no SecretInjectionPolicy covers this namespace",
        "messageExpression": message,
        "reason": "Forbidden",
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": objects.constraints(objects.pods()),
        "matchConditions": [objects.CHANGED],
        "validations": [validation],
    }
    yield objects.policy_object(KIND, NO_POLICY, spec)
    yield objects.binding(KIND, NO_POLICY, NamespaceMode.ENABLED, _DENIES)
    yield objects.binding(KIND, NO_POLICY, NamespaceMode.DRY_RUN, _TELLS)


def _guards(policy: CompiledPolicy, reaction: Reaction) -> Iterator[Json]:
    """Yield the validations of the guards that are set to a reaction."""
    guard = policy.guard
    if guard.unknown_role is reaction:
        yield _unknown_role(policy)
    if guard.unknown_pool is reaction:
        yield _found("unlisted", "the worker pool is not listed by the policy")
    if guard.unmanaged_secrets is reaction:
        told = (
            "it.who + ' reads Secret \\'' + it.secret + '\\' (' + it.field + '), which policy "
            f"\\'{policy.name}\\' does not name; remove it, or have the policy\\'s owner give it a "
            "scope'"
        )
        yield _found("strangers", "a Secret is read that the policy does not name", told)
    if guard.shadowing is reaction:
        told = "it + ', which a scope provides; remove it to get the managed value'"
        yield _found("overriding", "a managed variable is overridden", told)


def _unknown_role(policy: CompiledPolicy) -> Json:
    label = next(iter(policy.role_labels), "")
    way_out = f"label the pod {label}: <role>" if label else "no rule matches its labels"
    return {
        "expression": (
            "variables.debugging || variables.mirror || variables.role != '' || "
            "variables.refusals.size() > 0"
        ),
        "message": f"no Noxus role, so nothing is injected: {way_out}",
        "reason": "Forbidden",
    }


def _found(variable: str, short: str, told: str = "it") -> Json:
    """Return that nothing is found; `short` is said where the whole message cannot be made."""
    found = f"variables.{variable}"
    return {
        "expression": f"{found}.size() == 0",
        "message": short,
        "messageExpression": (
            f"{found}.slice(0, {found}.size() < {_MOST} ? {found}.size() : {_MOST})\n"
            f"  .map(it, {told}).join('; ') +\n"
            f"({found}.size() > {_MOST} ? "
            f"'; and ' + string({found}.size() - {_MOST}) + ' more' : '')"
        ),
        "reason": "Forbidden",
    }


_REFUSALS: Final = _found("refusals", "the pod asks for what it is not entitled to")


def _present(policy: CompiledPolicy) -> Json:
    """Demand what is to be injected; in dry run nothing was, so that nothing is demanded."""
    mode = f"namespaceObject.metadata.labels[?{text(INJECTION_LABEL)}].orValue('')"
    skipped = "true" if policy.dry_run else f"{mode} != '{NamespaceMode.ENABLED}'"
    found = _found("uninjected", "a container was not injected; create it again")
    found["expression"] = (
        f"{skipped} || request.resource.resource != 'pods' ||\n"
        f"  variables.refusals.size() > 0 || {found['expression']}"
    )
    return found


def _policy(
    name: str,
    policy: CompiledPolicy,
    earlier: Sequence[CompiledPolicy],
    every: Sequence[Variable],
    validations: Sequence[Json],
) -> Json:
    expressions = [
        it[part] for it in validations for part in ("expression", "messageExpression") if part in it
    ]
    spec = {
        # An expression that fails, or costs more than the API server allows, opens nothing.
        "failurePolicy": "Fail",
        "matchConstraints": objects.constraints([*objects.pods(), *objects.workloads()]),
        "matchConditions": objects.conditions(policy, earlier),
        "variables": objects.written(needed(every, expressions)),
        "validations": list(validations),
    }
    return objects.policy_object(KIND, name, spec)
