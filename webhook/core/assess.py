"""Pod + policy -> everything that a decision, or an explanation of it, is made from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, assert_never

from msgspec.structs import replace

from webhook.core import guards
from webhook.core.asks import requested_scopes
from webhook.core.decision import Finding, Reason
from webhook.core.deployers import Deployer
from webhook.core.entitlement import (
    Reached,
    Who,
    automatic_scopes,
    judge_pool,
    judge_reference,
    judge_requested,
    not_a_deployer,
)
from webhook.core.identity import Identity, identify
from webhook.core.pod import Pod, PodSpec
from webhook.core.policy import Reaction
from webhook.core.references import Reference, Wanted, pod_references
from webhook.core.tables import CompiledPolicy, CompiledScope
from webhook.core.value import Value

NO_SPEC: Final = PodSpec()


# More than anybody reads; a pod that was made to collect findings costs no memory beyond them.
MAX_FINDINGS: Final = 64


@dataclass(slots=True)
class Findings:
    """What is being found: refusals, and notes that are worth a warning."""

    refusals: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    def react(self, reaction: Reaction, finding: Finding) -> None:
        """File what a guard found where its setting says."""
        match reaction:
            case Reaction.DENY:
                self.refusals.append(finding)
            case Reaction.WARN:
                if len(self.notes) < MAX_FINDINGS:
                    self.notes.append(finding)
            case Reaction.ALLOW:
                pass
            case _:
                assert_never(reaction)


class Assessment(Value, frozen=True):
    """What is known about a pod under a policy, before anybody acts on it."""

    identity: Identity
    who: Who
    granted: tuple[CompiledScope, ...]  # in injection order, the pool's last
    findings: Findings

    @property
    def granted_names(self) -> tuple[str, ...]:
        """The granted scopes as the annotation lists them; a pool without a Secret is none."""
        return tuple(scope.name for scope in self.granted if scope.sources or scope.variables)


def circumstances(
    pod: Pod, namespace: str, policy: CompiledPolicy, deployer: Deployer | None = None
) -> tuple[Identity, Who]:
    """Recognise a pod, and gather what conditions are about."""
    identity = identify(pod, policy)
    spec = pod.spec or NO_SPEC
    account = spec.serviceAccountName or spec.serviceAccount or "default"
    return identity, Who(identity.role, identity.pool, namespace, account, deployer)


def assess(
    pod: Pod,
    namespace: str,
    policy: CompiledPolicy,
    *,
    deployer: Deployer | None = None,
    mirror: bool = False,
    root: str = "spec",
) -> Assessment:
    """Identify a pod, judge all that it asks for, and apply the guards.

    `deployer` is who is held to what needs one; None: nobody, as for what a controller creates.
    `root` is where the pod's spec stands in the object, for the fields that messages name.
    """
    identity, who = circumstances(pod, namespace, policy, deployer)
    found = Findings()
    # A mirror pod is given nothing, so that nobody has to be entrusted with what it would be given.
    given = replace(who, deployer=None) if mirror else who
    metadata = metadata_of(root)
    granted = grants(pod, identity, given, policy, found, metadata)
    references = pod_references(pod.spec or NO_SPEC, root, wanted_secrets(policy))
    judge_references(references, pod, who, () if mirror else granted, policy, found)
    if identity.role is None and not found.refusals and not mirror:
        found.react(policy.guard.unknown_role, guards.unknown_role(pod, identity, policy, metadata))
    return Assessment(identity, who, granted, found)


def metadata_of(root: str) -> str:
    """Return where the metadata beside a pod's spec stands."""
    return f"{root.removesuffix('spec')}metadata"


def grants(
    pod: Pod,
    identity: Identity,
    who: Who,
    policy: CompiledPolicy,
    found: Findings,
    metadata: str = "metadata",
) -> tuple[CompiledScope, ...]:
    """Return the scopes that a pod gets, in the policy's order and its pool last."""
    granted, deployer_may = automatic_scopes(policy, who)
    if not deployer_may:
        found.refusals.append(not_a_deployer(who, metadata))
    for name in requested_scopes(pod):
        verdict = judge_requested(name, policy, who, metadata)
        if len(found.refusals) >= MAX_FINDINGS:
            break
        if isinstance(verdict, Finding):
            found.refusals.append(verdict)
        elif verdict not in granted:
            granted.append(verdict)
    granted.sort(key=lambda scope: scope.index)
    pool = _granted_pool(pod, identity, who, policy, found, metadata)
    return (*granted, pool) if pool else tuple(granted)


def _granted_pool(
    pod: Pod,
    identity: Identity,
    who: Who,
    policy: CompiledPolicy,
    found: Findings,
    metadata: str,
) -> CompiledScope | None:
    if who.pool is None:
        if identity.rule is not None and (
            note := guards.unread_pool(pod, identity, policy, metadata)
        ):
            found.notes.append(note)
        return None
    claim = pool_claim(identity, metadata)
    verdict = judge_pool(policy, who, claim)
    if verdict is None:
        found.react(policy.guard.unknown_pool, guards.unknown_pool(identity, policy, claim))
        return None
    if isinstance(verdict, Finding):
        found.refusals.append(verdict)
        return None
    return verdict


def pool_claim(identity: Identity, metadata: str) -> str:
    """Say where a pod claims its pool."""
    if identity.pool_label:
        return f"{metadata}.labels[{identity.pool_label}]"
    return f"rule {identity.rule} of spec.identity"


def wanted_secrets(policy: CompiledPolicy) -> Wanted:
    """Return which Secrets are looked at: the managed ones, or all where a guard is about them."""
    if policy.guard.unmanaged_secrets is Reaction.ALLOW:
        return policy.managed.__contains__
    return bool  # every name that is not empty


def judge_references(
    references: Iterable[Reference],
    pod: Pod,
    who: Who,
    granted: Iterable[CompiledScope],
    policy: CompiledPolicy,
    found: Findings,
) -> None:
    """Judge each mention of a Secret; the first of a pod without role comes with a rule for it."""
    # What the pod is given as a whole and everywhere, it may read anywhere: no need to look closer
    # at the sources that were injected before.
    given = {name for scope in granted for name in scope.given}
    told = who.role is not None
    # Of a volume, which many containers may mount, the same mention is judged once.
    judged: set[tuple[str, frozenset[str] | None, str]] = set()
    reached: Reached = {}
    for reference in references:
        if len(found.refusals) >= MAX_FINDINGS:
            break  # it is refused whatever else it names
        if reference.secret in given:
            continue
        if reference.volume is not None:
            mention = (reference.secret, reference.keys, reference.volume)
            if mention in judged:
                continue
            judged.add(mention)
        if reference.secret in policy.managed:
            refusal = judge_reference(reference, policy, who, reached)
            if refusal is None:
                continue
            if not told:
                rule = guards.rule_for(pod)
                refusal = replace(refusal, message=f"{refusal.message} ({rule})")
                told = True
            found.refusals.append(replace(refusal, about=reference.about))
        elif reference.containers is not None:  # image pull secrets are apart
            finding = replace(guards.unmanaged_secret(reference, policy), about=reference.about)
            found.react(policy.guard.unmanaged_secrets, finding)


def most_telling(findings: Iterable[Finding], default: Reason) -> Reason:
    """Return the reason of the first finding."""
    return next((finding.reason for finding in findings), default)
