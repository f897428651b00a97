"""How the oracle reads a policy: plain dictionaries, every default written out once.

The oracle is the second opinion on what the webhook decides. It is written from the promises, in
another style than the program, and shares no line with it. This file knows the policy alone.
"""

import re
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

BUILT_IN_ROLES: Final = (
    "frontend",
    "backend",
    "worker",
    "relay",
    "plugin-server",
    "sandbox",
    "beat",
)
DEFAULT_EXCLUDE: Final = (
    "istio-proxy",
    "istio-init",
    "istio-validation",
    "linkerd-*",
    "vault-agent*",
    "daprd",
    "otc-container",
    "datadog-*",
    "cloud-sql-proxy",
)
DEFAULT_GUARDS: Final = {
    "unknownRole": "Warn",
    "unknownPool": "Deny",
    "shadowing": "Warn",
    "unmanagedSecrets": "Allow",
}


class Source(NamedTuple):
    """What makes two elements of an `envFrom` the same source."""

    kind: str
    name: str
    prefix: str


class Place(NamedTuple):
    """One element of a scope or the Secret of a pool, where it stands in the policy."""

    scope: str
    source: Source
    optional: bool
    containers: tuple[str, ...] | None


def glob_fits(pattern: str, text: str) -> bool:
    """`*` is any run of characters, `?` is any one; everything else means itself."""
    meaning = {"*": ".*", "?": "."}
    expression = "".join(meaning.get(letter) or re.escape(letter) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def any_glob_fits(patterns: list[str] | tuple[str, ...], text: str) -> bool:
    return any(glob_fits(pattern, text) for pattern in patterns)


def source_of(element: Json) -> Source | None:
    """The source that an element of `envFrom` is, in a policy as in a pod."""
    for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
        if element.get(field) is not None:
            return Source(kind, element[field].get("name") or "", element.get("prefix") or "")
    return None


def is_optional(element: Json) -> bool:
    reference = element.get("secretRef") or element.get("configMapRef") or {}
    return bool(reference.get("optional"))


def scopes_of(spec: Json) -> list[Json]:
    return spec.get("scopes") or []


def pools_of(spec: Json) -> dict[str, Json]:
    return (spec.get("worker") or {}).get("pools") or {}


def known_pools(spec: Json) -> dict[str, Json]:
    """The pools that the policy lists; one that is switched off is not listed."""
    return {name: pool for name, pool in pools_of(spec).items() if pool.get("enabled", True)}


def pool_role(spec: Json) -> str:
    return (spec.get("worker") or {}).get("role") or "worker"


def known_roles(spec: Json) -> set[str]:
    return {*BUILT_IN_ROLES, *((spec.get("identity") or {}).get("roles") or [])}


def guard(spec: Json, name: str) -> str:
    return (spec.get("guard") or {}).get(name, DEFAULT_GUARDS[name])


def is_dry_run(spec: Json) -> bool:
    return spec.get("mode", "Enforce") == "DryRun"


def injects_into_ephemeral(spec: Json) -> bool:
    return (spec.get("containers") or {}).get("ephemeral", "Skip") == "Inject"


def is_excluded(spec: Json, container: str) -> bool:
    patterns = (spec.get("containers") or {}).get("exclude", DEFAULT_EXCLUDE)
    return any_glob_fits(patterns, container)


def covers(spec: Json, namespace: str) -> bool:
    return "namespaces" not in spec or any_glob_fits(spec["namespaces"], namespace)


def governing(policies: list[Json], namespace: str) -> Json | None:
    """The `spec` of the one policy that governs a namespace: of several in files, the first."""
    return next((it["spec"] for it in policies if covers(it["spec"], namespace)), None)


def places_of(spec: Json) -> list[Place]:
    """Every `envFrom` source of the policy, in order: the scopes first, every pool after them."""
    of_scopes = [
        Place(
            scope["name"],
            source,
            is_optional(element),
            tuple(scope["containers"]) if "containers" in scope else None,
        )
        for scope in scopes_of(spec)
        for element in scope.get("envFrom") or []
        if (source := source_of(element)) is not None
    ]
    of_pools = [
        Place(f"pool/{name}", Source("Secret", pool["envSecretRef"], ""), False, None)
        for name, pool in pools_of(spec).items()
        if pool.get("envSecretRef")
    ]
    return of_scopes + of_pools


def managed_secrets(spec: Json) -> set[str]:
    """Every Secret that the policy names, by whatever kind of source, switched off or not."""
    whole = {place.source.name for place in places_of(spec) if place.source.kind == "Secret"}
    keyed = {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for scope in scopes_of(spec)
        for variable in scope.get("env") or []
    }
    return whole | keyed
