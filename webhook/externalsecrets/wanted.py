"""Policy -> the Secrets that have to exist: whose they are, which keys, in which namespaces."""

from collections.abc import Iterator
from dataclasses import dataclass

from webhook.core.policy import PolicySpec
from webhook.core.words import POOL_SCOPE_PREFIX
from webhook.externalsecrets.reach import Patterns, Reach


@dataclass(frozen=True, slots=True)
class Use:
    """One place of the policy that reads a Secret."""

    secret: str
    scope: str  # `pool/<name>` for a pool
    key: str | None  # None: all keys, by envFrom
    namespaces: Patterns


@dataclass(frozen=True, slots=True)
class Wanted:
    """A Secret that pods will read, however many scopes name it."""

    secret: str
    scopes: tuple[str, ...]  # in the order of the policy
    owner: str  # the scope whose path in the store it is filled from
    keys: tuple[tuple[str, str], ...] | None  # (key, scope that names it); None: all of them
    reach: Reach


def wanted(spec: PolicySpec) -> list[Wanted]:
    """Return every Secret of a policy once, in the order of its scopes, pools last.

    Pools that are switched off are left out: no pod is given their Secrets.
    """
    by_secret: dict[str, list[Use]] = {}
    for use in _uses(spec):
        by_secret.setdefault(use.secret, []).append(use)
    return [_merge(spec.namespaces, secret, uses) for secret, uses in by_secret.items()]


def config_maps(spec: PolicySpec) -> list[str]:
    """Return the ConfigMaps that scopes read, sorted: no store of secrets fills them."""
    sources = [element.read for scope in spec.scopes for element in scope.env_from]
    return sorted({ref.name for kind, ref in sources if kind == "ConfigMap"})


def switched_off(spec: PolicySpec) -> list[str]:
    """Return the Secrets of the pools that are switched off and of no other, sorted."""
    read = {use.secret for use in _uses(spec)}
    off = {pool.env_secret_ref for pool in spec.worker.pools.values() if not pool.enabled}
    return sorted(off - read - {""})


def _uses(spec: PolicySpec) -> Iterator[Use]:
    for scope in spec.scopes:
        for element in scope.env_from:
            kind, ref = element.read
            if kind == "Secret":
                yield Use(ref.name, scope.name, None, scope.namespaces)
        for variable in scope.env:
            key = variable.value_from.secret_key_ref
            yield Use(key.name, scope.name, key.key, scope.namespaces)
    for name, pool in spec.worker.pools.items():
        if pool.enabled and pool.env_secret_ref:
            yield Use(pool.env_secret_ref, POOL_SCOPE_PREFIX + name, None, pool.namespaces)


def _merge(policy: Patterns, secret: str, uses: list[Use]) -> Wanted:
    whole = next((use.scope for use in uses if use.key is None), None)
    keys: dict[str, str] = {}
    for use in uses:
        if use.key is not None:
            keys.setdefault(use.key, use.scope)  # the first scope that names a key has its value
    return Wanted(
        secret=secret,
        scopes=tuple(dict.fromkeys(use.scope for use in uses)),
        owner=whole or uses[0].scope,
        keys=None if whole else tuple(keys.items()),
        reach=Reach(policy, tuple(dict.fromkeys(use.namespaces for use in uses))),
    )
