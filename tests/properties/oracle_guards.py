"""Which guards have something to say about a request, whatever they are told to do about it."""

from tests.properties.oracle import (
    entitlement_of,
    expected_pod,
    injected_into,
    is_ephemeral_update,
    is_mirror,
    judged_references,
    metadata_map,
)
from tests.properties.oracle_arrangement import granted_places, shadowed
from tests.properties.oracle_identity import selector_matches
from tests.properties.oracle_policy import (
    Json,
    Source,
    guard,
    known_pools,
    managed_secrets,
    places_of,
    pool_role,
    source_of,
)
from tests.properties.oracle_references import containers_of


def is_nobody(request: Json, spec: Json) -> bool:
    """No known role, and nothing asked for."""
    entitlement = entitlement_of(request, spec)
    named = {reference.name for reference in judged_references(request)}
    asks = entitlement.identity.pool or entitlement.asked_scopes() or named & managed_secrets(spec)
    spared = is_ephemeral_update(request) or is_mirror(request)
    return entitlement.identity.role is None and not asks and not spared


def is_of_unknown_pool(request: Json, spec: Json) -> bool:
    role, pool = entitlement_of(request, spec).identity
    named = pool is not None and role == pool_role(spec) and not is_ephemeral_update(request)
    return named and pool not in known_pools(spec)


def uses_an_unmanaged_secret(request: Json, spec: Json) -> bool:
    managed = managed_secrets(spec)
    return any(
        not reference.is_pull_secret and reference.name not in managed
        for reference in judged_references(request)
    )


def shadows(request: Json, spec: Json, *, only_granted: bool = True) -> bool:
    """By a variable of its own, or perhaps by an element that comes after one of ours."""
    granted = entitlement_of(request, spec).granted_scopes()
    before = containers_of(request["object"])
    injected = [id(container) for container in injected_into(request, spec)]
    for old, new in zip(before, containers_of(expected_pod(request, spec)), strict=True):
        if id(old) in injected:
            given = granted_places(spec, granted, old["name"])
            ours = {place.source for place in (given if only_granted else places_of(spec))}
            if shadowed(old, spec, granted) or may_override(new, spec, ours):
                return True
    return False


def may_override(container: Json, spec: Json, ours: set[Source]) -> bool:
    """Is there an unmanaged element after one of these?"""
    managed = {place.source for place in places_of(spec)}
    sources = [source_of(element) for element in container.get("envFrom") or []]
    return any(
        source not in managed and any(earlier in ours for earlier in sources[:i])
        for i, source in enumerate(sources)
    )


def says_what_nobody_reads(request: Json, spec: Json) -> bool:
    """A pool by its label where a rule decides, without a pool: worth a word under any guard."""
    identity = spec.get("identity") or {}
    labels = metadata_map(request["object"], "labels")
    by_rule = any(selector_matches(it["selector"], labels) for it in identity.get("rules") or [])
    by_label = any(
        labels.get(key) for key in identity.get("poolLabels") or ["noxus.ai/worker-pool"]
    )
    return by_rule and by_label and entitlement_of(request, spec).identity.pool is None


CONDITIONS = {
    "unknownRole": is_nobody,
    "unknownPool": is_of_unknown_pool,
    "unmanagedSecrets": uses_an_unmanaged_secret,
    "shadowing": shadows,
}


def warned_of(request: Json, spec: Json) -> list[str]:
    """The guards that warn: told to, and with a reason. Deny warns of what is not sure."""
    return [
        name
        for name, applies in CONDITIONS.items()
        if guard(spec, name) != "Allow" and applies(request, spec)
    ]


def may_be_warned(request: Json, spec: Json) -> bool:
    """Where a warning is fair and not promised, as over a managed source that was not granted."""
    overrides = guard(spec, "shadowing") != "Allow" and shadows(request, spec, only_granted=False)
    return overrides or says_what_nobody_reads(request, spec)


def looks_like_a_worker(pod: Json) -> bool:
    """A pod without a role that has what only workers have deserves a hint, and nothing else."""
    names = {it.get("name") for each in containers_of(pod) for it in each.get("env") or []}
    return "WORKER_SUBSCRIBE" in names


def carries_a_role(request: Json, spec: Json) -> bool:
    """A role label, whatever it says: naming its unknown value may help more than the hint."""
    keys = (spec.get("identity") or {}).get("roleLabels") or ["noxus.ai/role"]
    return bool(set(keys) & set(metadata_map(request["object"], "labels")))
