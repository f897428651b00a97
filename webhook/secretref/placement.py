"""Who reads which Secret, in which order: by a policy, or by what Noxus documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from webhook.core.faults import known_roles
from webhook.core.names import NameMatcher
from webhook.core.policy import Policy, Scope
from webhook.core.words import BUILT_IN_ROLES, POOL_SCOPE_PREFIX
from webhook.secretref.finding import Holder

# The Secret that the documentation calls shared: what a pool's Secret is layered over.
SHARED_SECRET: Final = "app-env"  # noqa: S105 - the name of an object


@dataclass(frozen=True, slots=True)
class Source:
    """Keys of one object that pods of some roles are given, in the order of injection."""

    kind: str
    name: str
    scope: str
    roles: frozenset[str]
    prefix: str = ""
    variables: tuple[tuple[str, str], ...] | None = None  # variable and key; None: all keys
    optional: bool = False  # pods start without it
    by_itself: bool = True  # not only on request, and for every pod of the roles
    worker: str = "worker"  # the role that may belong to pools

    @property
    def pool(self) -> bool:
        """Tell whether it is a pool's own Secret."""
        return self.scope.startswith(POOL_SCOPE_PREFIX)

    @property
    def worker_only(self) -> bool:
        """Tell whether nobody but workers reads it."""
        return self.roles == {self.worker}

    def keys(self, holder: Holder) -> dict[str, str]:
        """Return what the pods get of an object: the key by the name of the variable."""
        if self.variables is not None:
            held = {entry.key for entry in holder.entries}
            return {variable: key for variable, key in self.variables if key in held}
        return {f"{self.prefix}{entry.key}": entry.key for entry in holder.entries if entry.key}

    def meets(self, other: "Source") -> bool:
        """Tell whether one pod may be given both."""
        return bool(self.roles & other.roles) and not (
            self.pool and other.pool and self.scope != other.scope
        )

    def beats(self, other: "Source") -> bool:
        """Tell whether its variables win, it being the later one: `env` beats every `envFrom`."""
        return self.variables is not None or other.variables is None


def documented() -> list[Source]:
    """Return what holds without a policy."""
    return [Source("Secret", SHARED_SECRET, "global", BUILT_IN_ROLES)]


def covers(policy: Policy, namespace: str) -> bool:
    """Tell whether a policy may govern a namespace; an empty one is not known."""
    globs = policy.spec.namespaces
    return not namespace or globs is None or NameMatcher(globs).matches(namespace)


def sources(policy: Policy, namespace: str) -> list[Source]:
    """Return what pods of a namespace are given, in the order of injection."""
    worker = policy.spec.worker
    known = known_roles(policy.spec)
    found = [
        source
        for scope in policy.spec.scopes
        if not namespace or scope.cover(namespace)
        for source in _of_scope(scope, known & set(scope.roles), worker.role)
    ]
    found += [
        Source(
            *("Secret", pool.env_secret_ref, f"{POOL_SCOPE_PREFIX}{name}"),
            frozenset({worker.role}),
            optional=not pool.enabled,  # no pod waits for it
            worker=worker.role,
        )
        for name, pool in worker.pools.items()
        if pool.env_secret_ref and (not namespace or pool.cover(namespace))
    ]
    return found


def _of_scope(scope: Scope, roles: frozenset[str], worker: str) -> Iterator[Source]:
    by_itself = not scope.on_request and scope.service_accounts is None
    for element in scope.env_from:
        kind, reference = element.read
        yield Source(
            *(kind, reference.name, scope.name, roles, element.prefix),
            optional=reference.optional,
            by_itself=by_itself and scope.containers is None,
            worker=worker,
        )
    for variable in scope.env:
        one = variable.value_from.secret_key_ref
        yield Source(
            *("Secret", one.name, scope.name, roles),
            variables=((variable.name, one.key),),
            optional=one.optional,
            by_itself=by_itself and scope.containers is None,
            worker=worker,
        )
