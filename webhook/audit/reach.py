"""How far a policy lets each Secret reach: taken apart, so that two policies can be compared."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from webhook.audit.globs import is_glob
from webhook.core.names import NameMatcher
from webhook.core.policy import Conditions, Policy, PolicySpec
from webhook.core.policyset import PolicySet
from webhook.core.tables import CompiledPolicy

ANYTHING: Final = "*"  # no condition; as a pattern it matches every name


@dataclass(frozen=True, slots=True)
class Reach:
    """One way in which a Secret reaches somebody, every condition of it a single one."""

    secret: str
    role: str
    pool: str | None  # None: whatever the pool
    namespaces: tuple[str, ...] | None  # names and globs; None: all that the policy covers
    key: str | None  # None: the whole Secret
    container: str  # a name or glob
    account: str  # a ServiceAccount, or ANYTHING
    deployer: str  # "group noxus-deployers", or ANYTHING
    on_request: bool


@dataclass(slots=True)
class Reaches:
    """All reaches of one policy, those limited to names of namespaces found by the name."""

    everywhere: list[Reach] = field(default_factory=list)
    matching: list[tuple[NameMatcher, Reach]] = field(default_factory=list)
    named: dict[str, list[Reach]] = field(default_factory=lambda: defaultdict(list))

    def add(self, reach: Reach) -> None:
        """File it."""
        if reach.namespaces is None:
            self.everywhere.append(reach)
        elif any(map(is_glob, reach.namespaces)):
            self.matching.append((NameMatcher(reach.namespaces), reach))
        else:
            for name in reach.namespaces:
                self.named[name].append(reach)

    def limited(self, namespace: str) -> Iterator[Reach]:
        """Yield those with a condition on namespaces, which this one meets."""
        yield from self.named.get(namespace, ())
        yield from (reach for matcher, reach in self.matching if matcher.matches(namespace))

    def every(self) -> Iterator[Reach]:
        """Yield all, each once."""
        yield from self.everywhere
        yield from (reach for _, reach in self.matching)
        yield from dict.fromkeys(reach for several in self.named.values() for reach in several)


@dataclass(frozen=True, slots=True)
class World:
    """Policies, and how far each of them reaches."""

    policies: PolicySet
    reaches: dict[str, Reaches]

    @classmethod
    def of(cls, policies: PolicySet, models: Sequence[Policy]) -> "World":
        """Take the policies apart."""
        return cls(policies, {it.metadata.name: _reaches(it.spec) for it in models})

    def patterns(self) -> Iterator[str]:
        """Yield every name and glob of namespaces."""
        for policy in self.policies.policies:
            yield from policy.namespace_globs
            for reach in self.reaches[policy.name].every():
                yield from reach.namespaces or ()

    def governing(self, namespace: str) -> tuple[CompiledPolicy | None, Reaches]:
        """Return the policy that governs a namespace, and what reaches there."""
        policy = self.policies.govern(namespace)
        return policy, self.reaches[policy.name] if policy else Reaches()


def _reaches(spec: PolicySpec) -> Reaches:
    found = Reaches()
    for scope in spec.scopes:
        keys: list[tuple[str, str | None]] = []
        for element in scope.env_from:
            kind, reference = element.read
            if kind == "Secret":
                keys.append((reference.name, None))
        for variable in scope.env:
            ref = variable.value_from.secret_key_ref
            keys.append((ref.name, ref.key))
        containers = scope.containers or (ANYTHING,)
        for role, (secret, key), container in product(scope.roles, keys, containers):
            for account, deployer in _people(scope):
                found.add(
                    Reach(
                        *(secret, role, None, scope.namespaces, key, container),
                        *(account, deployer, scope.on_request),
                    )
                )
    for name, pool in spec.worker.pools.items():
        if pool.enabled and pool.env_secret_ref:
            for account, deployer in _people(pool):
                found.add(
                    Reach(
                        *(pool.env_secret_ref, spec.worker.role, name, pool.namespaces, None),
                        *(ANYTHING, account, deployer, False),
                    )
                )
    return found


def _people(conditions: Conditions) -> Iterator[tuple[str, str]]:
    deployers: list[str] = []
    if conditions.deployers is not None:
        deployers += [f"user {it}" for it in conditions.deployers.users]
        deployers += [f"group {it}" for it in conditions.deployers.groups]
        deployers += [f"ServiceAccount {it}" for it in conditions.deployers.service_accounts]
    yield from product(conditions.service_accounts or (ANYTHING,), deployers or (ANYTHING,))
