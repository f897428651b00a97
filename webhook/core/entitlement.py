"""Ask + circumstances -> granted, or refused with a reason and the way out.

A refusal names what the pod itself mentioned: a Secret, its field, and the scope that holds it. It
names no other Secret, and neither the namespaces nor the ServiceAccounts of a scope, so that
nobody learns the policy by guessing.
"""

from collections.abc import Sequence
from typing import Final

from webhook.core.decision import Finding, Reason
from webhook.core.deployers import Deployer, Entrusted
from webhook.core.messages import clip
from webhook.core.references import Reference
from webhook.core.tables import CompiledPolicy, CompiledScope, Holder
from webhook.core.value import Value


class Who(Value, frozen=True):
    """The circumstances of a pod that conditions are about."""

    role: str | None
    pool: str | None
    namespace: str
    service_account: str
    deployer: Deployer | None = None  # None: held to nobody, as what a controller creates


DEPLOYER_STAGE: Final = 4  # everything else fits


class Unfit(Value, frozen=True):
    """Why somebody is not entitled to a scope; `stage` grows with what does fit."""

    stage: int
    why: str
    way_out: str


def unfit(scope: CompiledScope, who: Who) -> Unfit | None:
    """Return the first condition of a scope that does not hold; None when all do."""
    if who.role not in scope.roles:
        return _other_role(scope, who)
    if scope.pool is not None and (scope.pool != who.pool or not scope.enabled):
        return _outside_pool(scope, who)
    if scope.namespaces is not None and not scope.namespaces.matches(who.namespace):
        return Unfit(
            2,
            f"it is not meant for namespace {who.namespace!r}",
            "deploy where it is meant for, or have the policy's owner add the namespace",
        )
    if scope.service_accounts is not None and who.service_account not in scope.service_accounts:
        return Unfit(
            3,
            f"it is not meant for ServiceAccount {clip(who.service_account)!r}",
            "set spec.serviceAccountName to one that it is meant for",
        )
    if scope.deployers is not None and who.deployer is not None:
        return _not_entrusted(scope.deployers, who.deployer)
    return None


def _other_role(scope: CompiledScope, who: Who) -> Unfit:
    roles = ", ".join(sorted(scope.roles))
    if who.role is None:
        why = f"a pod of unknown role is not entitled to it (only {roles})"
        return Unfit(0, why, "label the pod with its role")
    return Unfit(
        0,
        f"role {who.role} is not entitled to it (only {roles})",
        f"have the policy's owner add role {who.role} to it",
    )


def _not_entrusted(entrusted: Entrusted, deployer: Deployer) -> Unfit | None:
    if entrusted.include(deployer):
        return None
    return Unfit(
        DEPLOYER_STAGE,
        f"user {clip(deployer.name)!r} is not among its deployers",
        "have one of its deployers deploy this",
    )


def _reason(lacking: Unfit, otherwise: Reason) -> Reason:
    return Reason.DEPLOYER_NOT_ENTITLED if lacking.stage == DEPLOYER_STAGE else otherwise


def _outside_pool(scope: CompiledScope, who: Who) -> Unfit:
    if scope.pool == who.pool:
        return Unfit(1, "that pool is switched off", "have the policy's owner enable it")
    own = f"of pool {clip(who.pool)!r}" if who.pool else "of no pool"
    return Unfit(1, f"this pod is {own}", "correct the pod's pool")


def automatic_scopes(policy: CompiledPolicy, who: Who) -> tuple[list[CompiledScope], bool]:
    """Return what comes by itself, in the policy's order, and whether its deployer may deploy it.

    Conditions that do not fit leave a scope out; a deployer that does not fit is to be refused,
    since nobody would notice that something was left out.
    """
    scopes = policy.automatic.get(who.role, ()) if who.role else ()
    found, all_may = [], True
    for scope in scopes:
        lacking = unfit(scope, who)
        if lacking is None:
            found.append(scope)
        elif lacking.stage == DEPLOYER_STAGE:
            all_may = False
    return found, all_may


def not_a_deployer(who: Who, metadata: str) -> Finding:
    """Refuse what would come by itself; the scopes are not named, since the pod named none."""
    name = clip(who.deployer.name) if who.deployer else ""
    return Finding(
        Reason.DEPLOYER_NOT_ENTITLED,
        f"user {name!r} is not among the deployers of what role {who.role} is given in namespace "
        f"{who.namespace!r}; have one of them deploy this, or correct the role in "
        f"{metadata}.labels",
        f"{metadata}.labels",
        f"user {name!r} is not among the deployers of what role {who.role} is given",
    )


def judge_requested(
    name: str, policy: CompiledPolicy, who: Who, metadata: str = "metadata"
) -> CompiledScope | Finding:
    """Grant or refuse a scope that the annotation names; `metadata` is where that stands."""
    field = f"{metadata}.annotations[secrets.noxus.ai/scopes]"
    scope = policy.scopes.get(name)
    name = clip(name)
    if scope is None:
        why = (
            "pools are claimed by the pool label, not by this annotation"
            if name.startswith("pool/")
            else f"policy {policy.name!r} has no scope of that name"
        )
        return Finding(
            Reason.UNKNOWN_SCOPE,
            f"{field} asks for scope {name!r}: {why}; remove or correct it",
            field,
        )
    if lacking := unfit(scope, who):
        return Finding(
            _reason(lacking, Reason.SCOPE_NOT_ENTITLED),
            f"{field} asks for scope {name!r}: {lacking.why}; remove it from the annotation, or "
            f"{lacking.way_out}",
            field,
        )
    return scope


def judge_pool(policy: CompiledPolicy, who: Who, field: str) -> CompiledScope | Finding | None:
    """Grant or refuse the pool that a pod claims; None where the policy does not list it."""
    if who.pool is None:
        return None
    claim = f"{field} claims worker pool {clip(who.pool)!r}"
    if who.role != policy.worker_role:
        is_what = f"this pod is a {who.role}" if who.role else "this pod has no known role"
        return Finding(
            Reason.POOL_NOT_ENTITLED,
            f"{claim}, but only role {policy.worker_role} belongs to pools, and {is_what}; "
            f"remove the pool, or correct the role",
            field,
        )
    pool = policy.pools.get(who.pool)
    if pool is None:
        return None
    if lacking := unfit(pool, who):
        return Finding(
            _reason(lacking, Reason.POOL_NOT_ENTITLED),
            f"{claim}: {lacking.why}; remove the pool, or {lacking.way_out}",
            field,
        )
    return pool


# (Secret, volume) -> the distinct sets of holders that reach the volume's readers. Of one volume, a
# pod may have thousands of mentions and thousands of readers: who reaches whom is asked once.
Reached = dict[tuple[str, str], list[tuple[Holder, ...]]]


def judge_reference(
    reference: Reference, policy: CompiledPolicy, who: Who, reached: Reached | None = None
) -> Finding | None:
    """Refuse a mention of a managed Secret that no scope allows this pod; None: it is granted.

    `reached` is of one pod and one `who`, and is added to.
    """
    holders = policy.managed[reference.secret]
    fitting = [holder for holder in holders if unfit(holder.scope, who) is None]
    if not fitting:
        return _not_entitled(reference, holders, who)
    return None if allows(reference, fitting, reached) else _too_wide(reference, fitting)


def allows(reference: Reference, holders: Sequence[Holder], reached: Reached | None = None) -> bool:
    """Tell whether holders that fit together give what is read to whoever reads it."""
    if reference.containers is None:  # an image pull secret: no container to be limited to
        return any(h.keys is None and h.scope.containers is None for h in holders)
    if not reference.containers:  # a volume that nobody mounts
        return _covered(reference, holders)
    if reference.volume is None or reached is None:
        return all(_covered(reference, some) for some in _reaching(reference, holders))
    key = (reference.secret, reference.volume)
    if key not in reached:
        reached[key] = _reaching(reference, holders)
    return all(_covered(reference, some) for some in reached[key])


def _reaching(reference: Reference, holders: Sequence[Holder]) -> list[tuple[Holder, ...]]:
    """Return the distinct sets of holders that reach a reader."""
    readers = reference.containers or ()
    sets = {tuple(_reaches(h.scope, reader) for h in holders) for reader in readers}
    return [
        tuple(holder for holder, reaches in zip(holders, some, strict=True) if reaches)
        for some in sets
    ]


def _reaches(scope: CompiledScope, container: str) -> bool:
    return scope.containers is None or scope.containers.matches(container)


def _covered(reference: Reference, holders: Sequence[Holder]) -> bool:
    """Tell whether what is read is held: all of the Secret, or each key that is named."""
    if any(holder.keys is None for holder in holders):
        return True
    keys = reference.keys
    return keys is not None and all(
        any(holder.keys and key in holder.keys for holder in holders) for key in keys
    )


def subject(reference: Reference) -> str:
    """Say who reads: the container, the volume, or the pod for an image pull secret."""
    if reference.volume is not None:
        return f"volume {reference.volume!r}"
    if reference.containers is None:
        return "the pod"
    return f"container {reference.containers[0]!r}"


def _named(scope: CompiledScope) -> str:
    return f"worker pool {scope.pool!r}" if scope.pool is not None else f"scope {scope.name!r}"


def _not_entitled(reference: Reference, holders: tuple[Holder, ...], who: Who) -> Finding:
    """Explain by the holder that comes nearest to fitting."""
    reasons = [(unfit(h.scope, who), h.scope) for h in holders]
    lacking, scope = max(
        ((why, scope) for why, scope in reasons if why is not None), key=lambda pair: pair[0].stage
    )
    return Finding(
        _reason(lacking, Reason.SECRET_NOT_ENTITLED),
        f"{subject(reference)} may not read Secret {reference.secret!r} ({reference.field}): it "
        f"belongs to {_named(scope)}, and {lacking.why}; remove it, or {lacking.way_out}",
        reference.field,
        f"{subject(reference)} reads Secret {reference.secret!r}: {lacking.why}",
    )


def _too_wide(reference: Reference, fitting: list[Holder]) -> Finding:
    """Explain that the scope fits, but gives less, or to other containers, than is read."""
    whole = [holder.scope for holder in fitting if holder.keys is None]
    scope = whole[0] if whole else fitting[0].scope
    if whole:
        why = "which gives it to certain containers only"
        way_out = "read it in those alone"
    else:
        why = "which gives certain keys to certain containers only"
        why = why if scope.containers is not None else "which gives certain keys of it only"
        way_out = "read single keys that are granted, by env with secretKeyRef"
    return Finding(
        Reason.SECRET_NOT_ENTITLED,
        f"{subject(reference)} may not read Secret {reference.secret!r} ({reference.field}): it "
        f"belongs to {_named(scope)}, {why}; remove it, or {way_out}",
        reference.field,
        f"{subject(reference)} reads Secret {reference.secret!r} of {_named(scope)}, {why}",
    )
