"""What a pod is given, what it asks for, and which of that it may not have."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from tests.properties.oracle_arrangement import is_meant_for
from tests.properties.oracle_deployers import User, may_deploy
from tests.properties.oracle_identity import Identity
from tests.properties.oracle_policy import (
    Json,
    any_glob_fits,
    guard,
    known_pools,
    managed_secrets,
    pool_role,
    scopes_of,
)
from tests.properties.oracle_references import Reference

SCOPES_ANNOTATION = "secrets.noxus.ai/scopes"
NOBODY = "(no container)"  # reads a volume that is not mounted, and is within every limit


class Refusal(NamedTuple):
    """One thing that a pod may not have: what is wrong with it, its name, and where it is read."""

    why: str
    name: str
    reference: Reference | None = None


@dataclass
class Judgement:
    """Why a pod is refused. A doubt is a case that the promises leave open: either is right."""

    refusals: list[Refusal] = field(default_factory=list)
    doubts: list[Refusal] = field(default_factory=list)


class Holding(NamedTuple):
    """One scope's hold on one Secret: which keys of it, for which containers; None: all."""

    keys: frozenset[str] | None
    containers: tuple[str, ...] | None
    is_deployable: bool = True  # by the user who asks

    def allows(self, key: str | None, reader: str | None) -> bool:
        """One access: a key (None: the whole Secret) by a reader (None: the pod itself)."""
        return self.is_deployable and self.covers(key, reader)

    def covers(self, key: str | None, reader: str | None) -> bool:
        """The same, whoever deploys it."""
        key_fits = self.keys is None or key in self.keys
        return key_fits and (
            self.containers is None
            or reader == NOBODY
            or (reader is not None and is_meant_for(self.containers, reader))
        )


@dataclass(frozen=True)
class Entitlement:
    """What the policy lets one pod have."""

    spec: Json
    identity: Identity
    namespace: str
    service_account: str
    annotations: dict[str, str]
    user: User | None = None  # None: nobody asks who deploys it

    def conditions_hold(self, limits: Json) -> bool:
        namespaces, accounts = limits.get("namespaces"), limits.get("serviceAccounts")
        return (namespaces is None or any_glob_fits(namespaces, self.namespace)) and (
            accounts is None or self.service_account in accounts
        )

    def entitled_scopes(self) -> list[Json]:
        """The scopes that this pod may have, whether it gets them by itself or must ask."""
        return [
            scope
            for scope in scopes_of(self.spec)
            if self.identity.role in scope["roles"] and self.conditions_hold(scope)
        ]

    def asked_scopes(self) -> list[str]:
        text = self.annotations.get(SCOPES_ANNOTATION) or ""
        return [name for piece in text.split(",") if (name := piece.replace(" ", ""))]

    def granted_scopes(self) -> list[str]:
        """In the policy's order: by themselves or by annotation, and the pool's at the end."""
        asked = self.asked_scopes()
        names = [
            scope["name"]
            for scope in self.entitled_scopes()
            if not scope.get("onRequest") or scope["name"] in asked
        ]
        return names + ([f"pool/{self.identity.pool}"] if self.pool_secret() else [])

    def owns_pool(self) -> bool:
        pool = known_pools(self.spec).get(self.identity.pool or "")
        return (
            pool is not None
            and self.identity.role == pool_role(self.spec)
            and self.conditions_hold(pool)
        )

    def pool_secret(self) -> str | None:
        if not self.owns_pool():
            return None
        return known_pools(self.spec)[self.identity.pool or ""].get("envSecretRef") or None

    def judge_pool(self) -> list[Refusal]:
        role, pool = self.identity
        if pool is None:
            return []
        if self.owns_pool():
            mine = may_deploy(known_pools(self.spec)[pool], self.user)
            return [] if mine else [Refusal("deployer of pool", pool)]
        if role != pool_role(self.spec):
            return [Refusal("only a worker belongs to pools", pool)]
        if pool not in known_pools(self.spec):
            denied = guard(self.spec, "unknownPool") == "Deny"
            return [Refusal("unknown pool", pool)] if denied else []
        return [Refusal("pool of another namespace or ServiceAccount", pool)]

    def judge_annotation(self) -> list[Refusal]:
        may = {it["name"]: may_deploy(it, self.user) for it in self.entitled_scopes()}
        return [
            Refusal("deployer of scope" if name in may else "scope by annotation", name)
            for name in self.asked_scopes()
            if not may.get(name)
        ]

    def judge_given(self) -> list[Refusal]:
        """What comes by itself is refused whole, and never left out, where the user may not."""
        return [
            Refusal("deployer of scope", scope["name"])
            for scope in self.entitled_scopes()
            if not scope.get("onRequest") and not may_deploy(scope, self.user)
        ]

    def holdings(self, secret: str) -> list[Holding]:
        """Every way in which this pod is entitled to a Secret, one for each scope."""
        found = []
        if self.pool_secret() == secret:
            pool = known_pools(self.spec)[self.identity.pool or ""]
            found.append(Holding(None, None, may_deploy(pool, self.user)))
        return found + [
            holding
            for scope in self.entitled_scopes()
            for holding in holdings_by(scope, secret, self.user)
        ]

    def judge_references(self, references: Iterable[Reference]) -> Judgement:
        result = Judgement()
        managed = managed_secrets(self.spec)
        for reference in references:
            if reference.name not in managed:
                if not reference.is_pull_secret and guard(self.spec, "unmanagedSecrets") == "Deny":
                    refusal = Refusal("an unmanaged Secret", reference.name, reference)
                    result.refusals.append(refusal)
                continue
            holdings = self.holdings(reference.name)
            accesses = list(accesses_of(reference))
            if any(all(it.allows(*access) for access in accesses) for it in holdings):
                continue
            if all(any(it.allows(*access) for it in holdings) for access in accesses):
                # Each access is somebody's right, yet no single scope allows all of them.
                doubt = Refusal("by several scopes together", reference.name, reference)
                result.doubts.append(doubt)
            else:
                result.refusals.append(Refusal("a Secret of others", reference.name, reference))
        return result


def holdings_by(scope: Json, secret: str, user: User | None) -> list[Holding]:
    """How one scope holds a Secret, if it does."""
    limit = tuple(scope["containers"]) if "containers" in scope else None
    whole = any(
        (element.get("secretRef") or {}).get("name") == secret
        for element in scope.get("envFrom") or []
    )
    reads = [it["valueFrom"]["secretKeyRef"] for it in scope.get("env") or []]
    keys = frozenset(it["key"] for it in reads if it["name"] == secret)
    there = whole or keys
    return [Holding(None if whole else keys, limit, may_deploy(scope, user))] if there else []


def accesses_of(reference: Reference) -> Iterable[tuple[str | None, str | None]]:
    """Who reads what by this reference."""
    keys = [None] if reference.keys is None else reference.keys
    return product(
        keys, [None] if reference.containers is None else reference.containers or [NOBODY]
    )
