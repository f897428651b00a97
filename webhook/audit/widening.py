"""Where a Secret reaches further under B than under A, by the policies alone.

Namespaces are gone through by examples: of every pattern in either policy, and of every two of them
together. So a policy that yields to another, or no longer does, is seen as well as a new condition.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from webhook.audit.changes import Dimension, Widening
from webhook.audit.globs import covers, examples, is_glob
from webhook.audit.reach import ANYTHING, Reach, Reaches, World
from webhook.core.names import NameMatcher

_Pair = tuple[str, str]


def widenings(before: World, after: World) -> tuple[Widening, ...]:
    """Return each direction in which a Secret reaches further, by Secret."""
    comparison = _Comparison(before, after)
    for namespace in sorted(examples([*before.patterns(), *after.patterns()])):
        comparison.look_at(namespace)
    found = comparison.found.values()
    order = list(Dimension)
    return tuple(sorted(found, key=lambda it: (it.secret, order.index(it.dimension), it.value)))


@dataclass(slots=True)
class _Comparison:
    before: World
    after: World
    found: dict[tuple[str, Dimension, str], Widening] = field(default_factory=dict)
    _reached: dict[str, list[Reach]] = field(default_factory=dict)  # Secret -> anywhere under A
    _news: dict[_Pair, list[Reach]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for reaches in self.before.reaches.values():
            for reach in reaches.every():
                self._reached.setdefault(reach.secret, []).append(reach)

    def look_at(self, namespace: str) -> None:
        """Compare what reaches into one namespace."""
        old_policy, old = self.before.governing(namespace)
        new_policy, new = self.after.governing(namespace)
        if new_policy is None:
            return
        pair = (old_policy.name if old_policy else "", new_policy.name)
        if pair not in self._news:  # most of it is the same, and the same in every namespace
            known = set(old.everywhere)
            self._news[pair] = [reach for reach in new.everywhere if reach not in known]
        candidates = [*self._news[pair], *new.limited(namespace)]
        if not candidates:
            return
        there = _by_secret(old, namespace, {reach.secret for reach in candidates})
        for reach in candidates:
            dimension = self._dimension(reach, there.get(reach.secret, ()))
            if dimension is not None:
                patterns = reach.namespaces or new_policy.namespace_globs
                self._tell(reach, dimension, namespace, patterns)

    def _dimension(self, reach: Reach, there: Sequence[Reach]) -> Dimension | None:
        """Return in which direction a reach is new; None where something covers it."""
        anywhere = self._reached.get(reach.secret, ())
        if reach.pool is not None and not any(_same_pool(it, reach) for it in anywhere):
            return Dimension.POOL
        left: Sequence[Reach] = [it for it in anywhere if it.role == reach.role]
        if not left:
            return Dimension.ROLE
        if not any(_same_pool(it, reach) for it in left):
            return Dimension.POOL
        left = [it for it in there if it.role == reach.role and _same_pool(it, reach)]
        if not left:
            return Dimension.NAMESPACE
        for dimension, holds in _CONDITIONS:
            left = [it for it in left if holds(it, reach)]
            if not left:
                return dimension
        return None

    def _tell(
        self, reach: Reach, dimension: Dimension, namespace: str, patterns: Iterable[str]
    ) -> None:
        value, what = _words(reach, dimension, namespace, patterns)
        secret, keys = reach.secret, None if reach.key is None else (reach.key,)
        which = f"key {reach.key!r} of Secret {secret!r}" if keys else f"Secret {secret!r}"
        place = (secret, dimension, f"{value}/{reach.key or ''}")
        self.found.setdefault(
            place, Widening(secret, dimension, value, keys, f"{which} reaches {what}")
        )


def _by_secret(old: Reaches, namespace: str, secrets: set[str]) -> dict[str, list[Reach]]:
    found: dict[str, list[Reach]] = {}
    for reach in (*old.everywhere, *old.limited(namespace)):
        if reach.secret in secrets:
            found.setdefault(reach.secret, []).append(reach)
    return found


def _same_pool(old: Reach, new: Reach) -> bool:
    """Tell whether whoever is in the new one's pool was reached; a role's scope reaches all."""
    return old.role == new.role and old.pool in (None, new.pool)


# In the order in which they are looked at; each takes the old and the new.
_CONDITIONS: Sequence[tuple[Dimension, Callable[[Reach, Reach], bool]]] = (
    (Dimension.KEY, lambda old, new: old.key in (None, new.key)),
    (Dimension.CONTAINER, lambda old, new: covers(old.container, new.container)),
    (Dimension.SERVICE_ACCOUNT, lambda old, new: old.account in (ANYTHING, new.account)),
    (Dimension.DEPLOYER, lambda old, new: old.deployer in (ANYTHING, new.deployer)),
    (Dimension.UNASKED, lambda old, new: new.on_request or not old.on_request),
)


# How the sentence "Secret ... reaches" ends; the second one where the value stands for several.
_ENDINGS: Final[dict[Dimension, tuple[str, str]]] = {
    Dimension.ROLE: ("role {role}, which it did not reach", ""),
    Dimension.POOL: (
        "worker pool {value!r}, which it did not reach",
        "role {role} whatever its worker pool, not in some pools only",
    ),
    Dimension.NAMESPACE: (
        "role {role} in namespace {value!r}, where it did not",
        "role {role} in all namespaces {value!r}, not in some of them only",
    ),
    Dimension.KEY: (
        "role {role}, which that key did not reach",
        "role {role} as a whole, not by single keys only",
    ),
    Dimension.CONTAINER: (
        "container {value!r} of role {role}, which it did not reach",
        "all containers {value!r} of role {role}, not some of them only",
    ),
    Dimension.SERVICE_ACCOUNT: (
        "role {role} with ServiceAccount {value!r}, which it did not reach",
        "role {role} whatever its ServiceAccount, not for some only",
    ),
    Dimension.DEPLOYER: (
        "role {role} where {value} deploys it, who was no deployer",
        "role {role} whoever deploys it, not where some do only",
    ),
    Dimension.UNASKED: ("every pod of role {role}, not only those that ask for it", ""),
}


def _words(
    reach: Reach, dimension: Dimension, namespace: str, patterns: Iterable[str]
) -> tuple[str, str]:
    """Return the value, and what is reached, as the end of a sentence."""
    covering = (pattern for pattern in patterns if NameMatcher((pattern,)).matches(namespace))
    value = {
        Dimension.ROLE: reach.role,
        Dimension.POOL: reach.pool or ANYTHING,
        Dimension.NAMESPACE: next(covering, namespace),
        Dimension.KEY: reach.key or ANYTHING,
        Dimension.CONTAINER: reach.container,
        Dimension.SERVICE_ACCOUNT: reach.account,
        Dimension.DEPLOYER: reach.deployer,
        Dimension.UNASKED: reach.role,
    }[dimension]
    one, several = _ENDINGS[dimension]
    return value, (several if is_glob(value) else one).format(role=reach.role, value=value)
