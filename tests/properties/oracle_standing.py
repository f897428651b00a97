"""Who may change a pod that stands there: another image in it, or a debug container beside it.

Whoever does so runs a program of their choice next to what the pod reads. Its labels may have been
changed since it was created, so what counts is what it reads.
"""

from tests.properties.oracle import entitlement_of, injected_into, is_ephemeral_update
from tests.properties.oracle_arrangement import granted_env, granted_places
from tests.properties.oracle_deployers import User, may_deploy, user_of
from tests.properties.oracle_entitlement import (
    Entitlement,
    Holding,
    Judgement,
    Refusal,
    accesses_of,
    holdings_by,
)
from tests.properties.oracle_policy import Json, known_pools, pools_of, scopes_of
from tests.properties.oracle_references import Reference, references


def changes_an_image(request: Json) -> bool:
    def images(pod: Json) -> list[tuple[str, str]]:
        spec = pod.get("spec") or {}
        return sorted(
            (it["name"], it.get("image", ""))
            for field in ("containers", "initContainers")
            for it in spec.get(field) or []
        )

    return images(request["object"]) != images(request["oldObject"])


def judge_standing(request: Json, spec: Json) -> Judgement:
    """Deployers alone, of everything that the pod reads."""
    user = user_of(request)
    result = Judgement()
    as_it_was = entitlement_of({**request, "object": request["oldObject"]}, spec)
    as_it_is = entitlement_of({**request, "oldObject": request["object"]}, spec)
    for reference in references(request["object"]):
        verdicts = [_may_touch(it, reference, user) for it in (as_it_was, as_it_is)]
        refusal = Refusal("deployer of what it reads", reference.name, reference)
        if verdicts == [False, False]:
            result.refusals.append(refusal)
        elif verdicts != [True, True]:
            result.doubts.append(refusal)
    for refusal in _given(as_it_was):
        given = is_ephemeral_update(request) and _reaches(request, spec, refusal, as_it_was)
        (result.refusals if given else result.doubts).append(refusal)
    return result


def _given(entitlement: Entitlement) -> list[Refusal]:
    """What the pod is entitled to and this user may not deploy, whether or not it is there."""
    asked = [
        Refusal("deployer of scope", scope["name"])
        for scope in entitlement.entitled_scopes()
        if scope["name"] in entitlement.granted_scopes() and not may_deploy(scope, entitlement.user)
    ]
    name = entitlement.identity.pool or ""
    owned = entitlement.owns_pool() and known_pools(entitlement.spec)[name]
    if owned and not may_deploy(owned, entitlement.user):
        asked.append(Refusal("deployer of pool", name))
    return asked


def _reaches(request: Json, spec: Json, refusal: Refusal, entitlement: Entitlement) -> bool:
    """Would a debug container be given something of this scope or pool?"""
    name = refusal.name if refusal.why == "deployer of scope" else f"pool/{refusal.name}"
    granted = [it for it in entitlement.granted_scopes() if it == name]
    return any(
        granted_places(spec, granted, container["name"])
        or granted_env(spec, granted, container["name"])
        for container in injected_into(request, spec)
    )


def _may_touch(entitlement: Entitlement, reference: Reference, user: User) -> bool | None:
    """Whether one of its rightful holders is the user's to deploy; None where it is open."""
    accesses = list(accesses_of(reference))

    def over(holdings: list[Holding]) -> list[bool]:
        return [it.is_deployable for it in holdings if all(it.covers(*one) for one in accesses)]

    rightful = over(entitlement.holdings(reference.name))
    if rightful:
        return any(rightful)
    # The pod has no right to it, by its labels of today at least: then it is whoever holds all that
    # it reads, of the scopes and pools that a pod of this namespace and ServiceAccount could have.
    every = _held(entitlement, reference.name, user, only_here=True)
    every = every or _held(entitlement, reference.name, user, only_here=False)
    answers = set(over(every) or [it.is_deployable for it in every]) or {True}
    return answers.pop() if len(answers) == 1 else None


def _held(entitlement: Entitlement, secret: str, user: User, *, only_here: bool) -> list[Holding]:
    spec = entitlement.spec
    pools = known_pools(spec) if only_here else pools_of(spec)
    return [
        holding
        for scope in scopes_of(spec)
        if not only_here or entitlement.conditions_hold(scope)
        for holding in holdings_by(scope, secret, user)
    ] + [
        Holding(None, None, may_deploy(pool, user))
        for pool in pools.values()
        if pool.get("envSecretRef") == secret
        and (not only_here or entitlement.conditions_hold(pool))
    ]
