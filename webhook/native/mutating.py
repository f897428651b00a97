"""Policy -> MutatingAdmissionPolicy: the API server itself injects, before it calls any webhook."""

from collections.abc import Iterator, Sequence
from typing import Final

from webhook.core.tables import CompiledPolicy
from webhook.core.words import NamespaceMode
from webhook.native import objects
from webhook.native.arrange import arrange
from webhook.native.cel import Variable, needed
from webhook.native.objects import Json

KIND: Final = "MutatingAdmissionPolicy"


def mutating(
    policy: CompiledPolicy, earlier: Sequence[CompiledPolicy], variables: Sequence[Variable]
) -> Iterator[Json]:
    """Yield the policy and its binding; nothing for a policy in dry run, which changes nothing."""
    if policy.dry_run:
        return
    *every, patch = [*variables, *arrange(policy)]
    name = f"{objects.PREFIX}.inject.{policy.name}"
    spec = {
        # As of the mutating hook: what is not injected, the validating policy refuses, unless the
        # webhook, which is asked after this policy, has made up for it.
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": objects.constraints(objects.pods(debug=policy.inject_ephemeral)),
        "matchConditions": objects.conditions(policy, earlier),
        "variables": objects.written(needed(every, [patch.expression])),
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch.expression}}],
    }
    yield objects.policy_object(KIND, name, spec)
    yield objects.binding(KIND, name, NamespaceMode.ENABLED, ())
