"""What a pod is given, what it asks for, and which of that it may not have."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

from tests.properties.oracle_arrangement import is_meant_for
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


@dataclass
class Judgement:
    """Why a pod is refused. A doubt is a case that the promises leave open: either is right."""

    refusals: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


class Holding(NamedTuple):
    """One scope's hold on one Secret: which keys of it, for which containers; None: all."""

    keys: frozenset[str] | None
    containers: tuple[str, ...] | None

    def allows(self, key: str | None, reader: str | None) -> bool:
        """One access: a key (None: the whole Secret) by a reader (None: the pod itself)."""
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

    def judge_pool(self) -> list[str]:
        role, pool = self.identity
        if pool is None or self.owns_pool():
            return []
        if role != pool_role(self.spec):
            return [f"only role {pool_role(self.spec)} belongs to pools"]
        if pool not in known_pools(self.spec):
            return ["unknown pool"] if guard(self.spec, "unknownPool") == "Deny" else []
        return [f"pool {pool} is not for this namespace or ServiceAccount"]

    def judge_annotation(self) -> list[str]:
        may = {scope["name"] for scope in self.entitled_scopes()}
        return [f"scope {name} by annotation" for name in self.asked_scopes() if name not in may]

    def holdings(self, secret: str) -> list[Holding]:
        """Every way in which this pod is entitled to a Secret, one for each scope."""
        found = [Holding(None, None)] if self.pool_secret() == secret else []
        for scope in self.entitled_scopes():
            limit = tuple(scope["containers"]) if "containers" in scope else None
            whole = any(
                (element.get("secretRef") or {}).get("name") == secret
                for element in scope.get("envFrom") or []
            )
            reads = [it["valueFrom"]["secretKeyRef"] for it in scope.get("env") or []]
            keys = frozenset(it["key"] for it in reads if it["name"] == secret)
            if whole or keys:
                found.append(Holding(None if whole else keys, limit))
        return found

    def judge_references(self, references: Iterable[Reference]) -> Judgement:
        result = Judgement()
        managed = managed_secrets(self.spec)
        for reference in references:
            if reference.name not in managed:
                if not reference.is_pull_secret and guard(self.spec, "unmanagedSecrets") == "Deny":
                    result.refusals.append(f"{reference.path}: an unmanaged Secret")
                continue
            holdings = self.holdings(reference.name)
            accesses = list(accesses_of(reference))
            if any(all(it.allows(*access) for access in accesses) for it in holdings):
                continue
            if all(any(it.allows(*access) for it in holdings) for access in accesses):
                # Each access is somebody's right, yet no single scope allows all of them.
                result.doubts.append(f"{reference.path}: allowed by several scopes together")
            else:
                result.refusals.append(f"{reference.path}: {reference.name}")
        return result


def accesses_of(reference: Reference) -> Iterable[tuple[str | None, str | None]]:
    """Who reads what by this reference."""
    keys = [None] if reference.keys is None else reference.keys
    return product(
        keys, [None] if reference.containers is None else reference.containers or [NOBODY]
    )
