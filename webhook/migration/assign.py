"""Which key of a file of variables goes into which Secret of a policy.

What somebody said by a flag counts first, then a scope that names the key itself, then where Noxus
says that a key belongs. Anything else is the customer's own: nobody but the customer knows how far
it may reach, so it is asked for rather than guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webhook.core.policy import PolicySpec, Scope
from webhook.core.words import POOL_SCOPE_PREFIX
from webhook.secretref.model import DefaultScope, Sort
from webhook.secretref.reference import known


@dataclass(frozen=True, slots=True)
class Place:
    """A Secret that a scope, or a pool as `pool/<name>`, reads."""

    scope: str
    secret: str
    prefix: str = ""  # what the scope puts in front of each key


@dataclass(frozen=True, slots=True)
class Assigned:
    """One key and where it goes; with no place, `why` says what to do about it."""

    key: str
    place: Place | None
    secret_key: str  # the key inside the Secret: a scope may call it something else
    why: str
    skipped: bool = False  # it is no secret, and is left where it is


class UnknownPlaceError(Exception):
    """A flag names a scope or pool that there is not; `str()` lists those that there are."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a policy keeps what for the pods of one namespace."""

    namespace: str
    whole: Mapping[str, Place]  # scopes that read a whole Secret, and pools: by name
    single: Mapping[str, tuple[Place, str]]  # variable -> where a scope reads it, and as which key
    shared: Place | None  # the scope that most roles get
    worker: Place | None  # the scope that workers alone get

    def named(self, name: str) -> Place:
        """Return a scope or pool by its name; raises UnknownPlaceError."""
        place = self.whole.get(name)
        if place is None:
            there = ", ".join(self.whole) or "none"
            raise UnknownPlaceError(
                f"there is no scope or pool {name!r} that reads a whole Secret in namespace "
                f"{self.namespace}; there is: {there}"
            )
        return place


def places(spec: PolicySpec, namespace: str) -> Places:
    """Take a policy's scopes apart, those that pods of a namespace may be given."""
    whole: dict[str, Place] = {}
    single: dict[str, tuple[Place, str]] = {}
    roles: dict[str, set[str]] = {}
    for scope in (it for it in spec.scopes if it.cover(namespace)):
        secrets = [it for it in scope.env_from if it.secret_ref is not None]
        if secrets:
            whole[scope.name] = Place(scope.name, secrets[0].read[1].name, secrets[0].prefix)
            if _is_for_all(scope) and not secrets[0].prefix:
                roles[scope.name] = set(scope.roles)
        for variable in scope.env:
            reference = variable.value_from.secret_key_ref
            single[variable.name] = (Place(scope.name, reference.name), reference.key)
    for name, pool in spec.worker.pools.items():
        if pool.env_secret_ref and pool.cover(namespace):
            title = POOL_SCOPE_PREFIX + name
            whole[title] = Place(title, pool.env_secret_ref)
    several = [name for name, its in roles.items() if its != {spec.worker.role}]
    alone = [name for name, its in roles.items() if its == {spec.worker.role}]
    return Places(
        namespace,
        whole,
        single,
        whole[max(several, key=lambda name: len(roles[name]))] if several else None,
        whole[alone[0]] if alone else None,
    )


def _is_for_all(scope: Scope) -> bool:
    """Tell whether every pod of its roles is given it, in every container."""
    conditions = (scope.service_accounts, scope.deployers, scope.containers)
    return not scope.on_request and all(it is None for it in conditions)


def assign(
    keys: Iterable[str], places: Places, said: Mapping[str, str], others: str | None
) -> list[Assigned]:
    """Give each key its place; `said` is by key, `others` the scope of the customer's own keys.

    Raises UnknownPlaceError.
    """
    default = None if others is None else places.named(others)
    chosen = {key: places.named(name) for key, name in said.items()}
    return [_one(key, places, chosen.get(key), default) for key in keys]


def _one(key: str, places: Places, chosen: Place | None, default: Place | None) -> Assigned:
    if chosen is not None:
        return _put(key, chosen, "by --assign")
    if key in places.single:
        place, inside = places.single[key]
        return Assigned(key, place, inside, f"scope {place.scope} reads it by its name")
    documented = known(key)
    if documented is not None and documented.sort is not Sort.SECRET:
        why = "decides how a service runs: keep it in the chart's values"
        if documented.sort is Sort.CLIENT:
            why = "is for programs that call the API: no pod reads it"
        return Assigned(key, None, key, why, skipped=True)
    if documented is not None:
        kept = {DefaultScope.GLOBAL: places.shared, DefaultScope.WORKER: places.worker}
        fitting = kept.get(documented.scope.value)
        if fitting is not None:
            how = "documented" if documented.scope.documented else "inferred"
            return _put(key, fitting, f"{documented.scope.value} ({how})")
    if default is not None:
        return _put(key, default, "by --unassigned")
    return Assigned(key, None, key, f"say who may read it: --assign {key}=SCOPE")


def _put(key: str, place: Place, why: str) -> Assigned:
    """Put a key into a Secret under the name that pods read it by, less the scope's prefix."""
    inside = key.removeprefix(place.prefix)
    if place.prefix and (inside == key or not inside):
        return Assigned(
            *(key, None, key),
            f"scope {place.scope} puts {place.prefix} in front of each name: choose another scope, "
            f"with --assign {key}=SCOPE",
        )
    return Assigned(key, place, inside, why)
