"""All policies -> all objects, in the order in which they are applied."""

from collections.abc import Collection, Sequence

from webhook.core.deployers import CONTROLLERS
from webhook.core.tables import CompiledPolicy
from webhook.native.cel import Variable
from webhook.native.containers import containers
from webhook.native.grants import grants
from webhook.native.identity import identity
from webhook.native.mutating import mutating
from webhook.native.objects import Json
from webhook.native.references import references
from webhook.native.targets import targets
from webhook.native.validating import ungoverned, validating


def objects_of(
    policies: Sequence[CompiledPolicy], *, controllers: Collection[str] = CONTROLLERS
) -> list[Json]:
    """Return the objects for policies, of which the first that covers a namespace governs it.

    What `controllers` create inherits the check of deployers, as of their workload.
    """
    found: list[Json] = []
    for n, policy in enumerate(policies):
        known = variables(policy, controllers)
        found += mutating(policy, policies[:n], known)
        found += validating(policy, policies[:n], known)
    return found + list(ungoverned(policies))


def variables(policy: CompiledPolicy, controllers: Collection[str]) -> list[Variable]:
    """Return all that is known of a pod under a policy; each object takes what it needs."""
    return [
        *identity(policy, controllers),
        *grants(policy),
        *containers(),
        *references(policy),
        *targets(policy),
    ]
