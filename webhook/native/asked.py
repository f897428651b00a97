"""What is wrong with what a pod asks for, as people read it, in CEL."""

from collections.abc import Iterator
from typing import Final

from webhook.core.tables import CompiledPolicy
from webhook.core.words import SCOPES_ANNOTATION
from webhook.native.cel import Variable, mapping, text, texts
from webhook.native.references import owner

_NEW: Final = "!variables.debugging"
_CLAIMS: Final = "variables.claim + ' claims worker pool \\'' + variables.pool + '\\''"


def asked(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield `refusals`, and the sentences that lead there and beside it."""
    yield Variable(
        "who",
        "(variables.role == '' ? 'a pod of unknown role' : 'role ' + variables.role) +\n"
        "  (variables.pool == '' ? '' : ' of pool \\'' + variables.pool + '\\'')",
    )
    yield Variable("wrongPool", _wrong_pool(policy))
    yield Variable("unlisted", _unlisted(policy))
    yield Variable("wrongScopes", _wrong_scopes(policy))
    yield Variable("notTrusted", _not_trusted(policy))
    yield Variable(
        "refusals",
        "variables.wrongPool + variables.wrongScopes + variables.notTrusted +\n"
        "  variables.trespasses.map(it, it.who + ' may not read Secret \\'' + it.secret +\n"
        f"    '\\' (' + it.field + '): it belongs to ' + {owner(policy, 'it.secret')} +\n"
        "    ', and ' +\n"
        "    variables.who + ' is not entitled to read it so here; remove it, or correct the '\n"
        "    + 'labels of the pod')",
    )
    yield Variable(
        "uninjected",
        "variables.lacking.map(n, variables.targets[n]).map(t, 'container \\'' +\n"
        "  t.container.name + '\\' (' + t.field + ') was not injected; create it again (' +\n"
        "  'controllers do so by themselves)')",
    )


def _wrong_pool(policy: CompiledPolicy) -> str:
    worker = policy.worker_role
    # A mirror pod is given nothing, and so needs no deployer.
    trusted = "(variables.mirror || variables.poolTrusted)" if policy.has_deployers else "true"
    return (
        f"variables.debugging || variables.pool == '' ? [] :\n"
        f"  variables.role != {text(worker)} ?\n"
        f"    [{_CLAIMS} + ', but only role {worker} belongs to pools, and this is ' +\n"
        "      variables.who + '; remove the pool, or correct the role'] :\n"
        f"  variables.home.hasValue() && !(variables.poolFits && {trusted}) ?\n"
        f"    [{_CLAIMS} + ', which is not meant for this namespace, ServiceAccount or user; ' +\n"
        "      'remove the pool, or deploy where it is meant for'] : []"
    )


def _unlisted(policy: CompiledPolicy) -> str:
    return (
        f"{_NEW} && variables.pool != '' && variables.role == {text(policy.worker_role)} &&\n"
        f"  !variables.home.hasValue() ?\n"
        f"    [{_CLAIMS} + ', which policy \\'{policy.name}\\' does not list; correct it, or '\n"
        "      + 'have ' + 'the policy\\'s owner add the pool'] : []"
    )


def _wrong_scopes(policy: CompiledPolicy) -> str:
    scopes = mapping({name: str(scope.index) for name, scope in policy.scopes.items()})
    if policy.has_deployers:
        fits = "(variables.mirror ? variables.fits : variables.entitled)"
    else:
        fits = "variables.entitled"
    known = f"it in {texts(policy.scopes)}" if policy.scopes else "false"
    return (
        f"variables.debugging ? [] : variables.asked\n"
        f"  .filter(it, ![{scopes}[?it]].exists(s, s.hasValue() && {fits}[s.value()]))\n"
        f"  .map(it, variables.at + 'metadata.annotations[{SCOPES_ANNOTATION}] asks for ' +\n"
        "    'scope \\'' + it +\n"
        f"    ({known} ? '\\', which ' + variables.who + ' is not entitled to here' :\n"
        f"    '\\', of which policy \\'{policy.name}\\' has none') +\n"
        "    '; remove or correct it')"
    )


def _not_trusted(policy: CompiledPolicy) -> str:
    """Return who may not deploy what the pod is given; a debug container is given it all again."""
    if not policy.has_deployers:
        return "[]"
    needing = [s for s in policy.scopes.values() if s.deployers is not None]
    given = [
        f"variables.fits[{s.index}] && !variables.trusted[{s.index}]"
        + (
            f" &&\n      (variables.debugging && {text(s.name)} in variables.asked)"
            if s.on_request
            else ""
        )
        for s in needing
    ]
    given.append("variables.debugging && variables.poolFits && !variables.poolTrusted")
    judged = f"({_NEW} || variables.added.size() > 0)" if policy.inject_ephemeral else _NEW
    either = " ||\n    ".join(f"({it})" for it in given)
    return (
        f"!variables.mirror && {judged} &&\n  ({either}) ?\n"
        "  ['user \\'' + variables.user + '\\' is not among the deployers of what ' +\n"
        "    variables.who + ' is given here; have one of them deploy this, or correct the ' +\n"
        "    'role'] :\n"
        "  []"
    )
