"""Why a pod gets what it gets: the parts of a decision, put in the order in which people ask.

Everything here comes from the functions that decide, so that the two cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webhook.core import inject
from webhook.core.asks import is_mirror_pod, requested_scopes
from webhook.core.assess import NO_SPEC, Assessment, assess, metadata_of, pool_claim
from webhook.core.container_views import ContainerView, container_views
from webhook.core.decide import decide
from webhook.core.decision import Allow, Decision, Deny, Finding, Mutate, Observed, Reason
from webhook.core.entitlement import judge_pool, judge_reference, judge_requested, unfit
from webhook.core.pod import Pod
from webhook.core.policyset import PolicySet
from webhook.core.references import pod_references
from webhook.core.request import AdmissionRequest
from webhook.core.tables import CompiledPolicy, CompiledScope


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that the pod demands, and what became of it."""

    what: str
    field: str
    scopes: tuple[str, ...] = ()  # by which it is granted
    refusal: str = ""  # the whole sentence
    passed: str = ""  # why it is neither granted nor refused


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope that the pod gets, and by what; `index` is its place in spec.scopes, if any."""

    scope: str
    index: int | None
    pool: str | None
    by: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scope of the pod's role that it does not get by itself, and why."""

    scope: str
    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer to "why did my pod get this?"; the parts are empty where no policy is."""

    decision: Decision
    policy: CompiledPolicy | None
    assessment: Assessment | None
    mirror: bool  # of a static pod, into which nothing is injected
    notes: tuple[str, ...]  # what the warnings say, in full and all of them
    asks: tuple[Ask, ...]
    granted: tuple[Grant, ...]
    left_out: tuple[LeftOut, ...]
    containers: tuple[ContainerView, ...]
    undecided: tuple[str, ...] = ()  # granted scopes that need a deployer, while none is known

    @property
    def verdict(self) -> Allow | Mutate | Deny:
        """What is decided, or in dry run would be."""
        return self.decision.would if isinstance(self.decision, Observed) else self.decision


def explain(request: AdmissionRequest, stored: Pod, policies: PolicySet) -> Explanation:
    """Explain the creation of a pod; `stored` is the pod with the patch of its decision applied."""
    decision = decide(request, policies)
    policy, pod = policies.govern(request.namespace), request.pod
    if policy is None or pod is None:
        return Explanation(decision, None, None, False, (), (), (), (), ())
    mirror = is_mirror_pod(pod, request.groups)
    assessment = assess(
        pod,
        request.namespace,
        policy,
        deployer=request.deployer,
        mirror=mirror,
        root=request.root,
    )
    if not mirror:  # what is overridden is found on the way
        lists = inject.regular_containers(pod)
        found = assessment.findings
        inject.changes(lists, assessment.granted, policy, found, root=request.root)
    return Explanation(
        decision=decision,
        policy=policy,
        assessment=assessment,
        mirror=mirror,
        notes=tuple(dict.fromkeys(note.message for note in assessment.findings.notes)),
        asks=tuple(_asks(pod, assessment, policy, request.root)),
        granted=tuple(_grant(scope, pod, assessment) for scope in assessment.granted),
        left_out=tuple(_left_out(policy, assessment)),
        containers=tuple(container_views(pod, stored, assessment.granted, policy)),
        undecided=tuple(
            scope.name
            for scope in assessment.granted
            if scope.deployers is not None and request.deployer is None
        ),
    )


def _asks(pod: Pod, assessment: Assessment, policy: CompiledPolicy, root: str) -> Iterator[Ask]:
    who = assessment.who
    if who.pool is not None:
        yield _pool_ask(assessment, policy, root)
    for name in requested_scopes(pod):
        field = f"{metadata_of(root)}.annotations[secrets.noxus.ai/scopes]"
        requested = judge_requested(name, policy, who, metadata_of(root))
        if isinstance(requested, Finding):
            yield Ask(f"scope {name}", field, refusal=requested.message)
        else:
            yield Ask(f"scope {name}", field, (name,))
    for reference in pod_references(pod.spec or NO_SPEC, root, policy.managed.__contains__):
        what, finding = f"Secret {reference.secret}", judge_reference(reference, policy, who)
        if finding is not None:
            yield Ask(what, reference.field, refusal=finding.message)
        else:
            holders = policy.managed[reference.secret]
            scopes = (h.scope.name for h in holders if unfit(h.scope, who) is None)
            yield Ask(what, reference.field, tuple(dict.fromkeys(scopes)))


def _pool_ask(assessment: Assessment, policy: CompiledPolicy, root: str) -> Ask:
    who = assessment.who
    claim = pool_claim(assessment.identity, metadata_of(root))
    verdict = judge_pool(policy, who, claim)
    what = f"pool {who.pool}"
    if isinstance(verdict, Finding):
        return Ask(what, claim, refusal=verdict.message)
    if verdict is not None:
        return Ask(what, claim, (verdict.name,))
    reacted = [f for f in assessment.findings.refusals if f.reason is Reason.UNKNOWN_POOL]
    if reacted:
        return Ask(what, claim, refusal=reacted[0].message)
    return Ask(what, claim, passed="the policy does not list it")


def _grant(scope: CompiledScope, pod: Pod, assessment: Assessment) -> Grant:
    if scope.pool is not None:
        by = "its pool"
    elif scope.on_request and scope.name in requested_scopes(pod):
        by = "asked for by annotation"
    else:
        by = f"role {assessment.identity.role}"
    secrets = [source.key[1] for source in scope.sources]
    secrets += [f"{v.secret}/{v.secret_key}" for v in scope.variables]
    index = scope.index if scope.pool is None else None
    return Grant(scope.name, index, scope.pool, by, tuple(secrets))


def _left_out(policy: CompiledPolicy, assessment: Assessment) -> Iterator[LeftOut]:
    granted = {scope.name for scope in assessment.granted}
    for scope in policy.scopes.values():
        if scope.name in granted or assessment.identity.role not in scope.roles:
            continue
        lacking = unfit(scope, assessment.who)
        if lacking is not None:
            yield LeftOut(scope.name, scope.index, lacking.why)
        else:  # of what it is entitled to, only scopes on request do not come by themselves
            yield LeftOut(scope.name, scope.index, "only given to pods that ask by annotation")
