"""What is worth a second look in a policy, by what Noxus documents of the keys that it names."""

from collections.abc import Iterator

from webhook.core.faults import Fault
from webhook.core.policy import Policy, Scope
from webhook.secretref.model import DefaultScope, Key, Sort
from webhook.secretref.reference import known, nearest


def warnings(policy: Policy) -> list[Fault]:
    """Return them, for `check`."""
    return [
        fault
        for i, scope in enumerate(policy.spec.scopes)
        for j, variable in enumerate(scope.env)
        for fault in _of_variable(
            scope,
            ("spec", "scopes", i, "env", j),
            variable.name,
            variable.value_from.secret_key_ref.key,
        )
    ]


def _of_variable(scope: Scope, path: tuple[str | int, ...], name: str, key: str) -> Iterator[Fault]:
    if (meant := nearest(name)) is not None:
        yield Fault(
            (*path, "name"),
            f"Noxus documents no variable {name!r}: did you mean {meant.name!r}? If it is your "
            "own, leave it",
        )
    if (meant := nearest(key)) is not None and meant.name == name:
        yield Fault(
            (*path, "valueFrom", "secretKeyRef", "key"),
            f"the variable is {name!r}, and the key {key!r}: did you mean {name!r}? If the Secret "
            "has it so, leave it",
        )
    documented = known(name)
    if documented is not None and (sentence := _misplaced(scope, documented)):
        yield Fault((*path, "name"), sentence)


def _misplaced(scope: Scope, key: Key) -> str:
    """Say why a scope is not the place for a key."""
    if key.sort is Sort.CLIENT:
        return (
            f"{key.name} is for clients of the API, and no pod of the platform reads it: remove it"
        )
    if key.sort is Sort.SETTING and key.scope.value is DefaultScope.POOL:
        return (
            f"{key.name} is a setting that the chart gives each pool: leave it to worker.pools of "
            "the Helm values"
        )
    others = [role for role in scope.roles if role not in key.readers.value]
    if key.scope.value is DefaultScope.ROLES and others:
        return (
            f"only {', '.join(key.readers.value)} read {key.name}, as far as is known, and the "
            f"scope gives it to {', '.join(others)}, too: leave those roles out"
        )
    return ""
