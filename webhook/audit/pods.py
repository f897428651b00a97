"""A pod that exists, compared with what the policies say of it now."""

from collections.abc import Iterator

from webhook.audit.access import refused_holders
from webhook.audit.judge import Judgement, judge, request_for, spelled, verdict_of
from webhook.audit.report import Lack, PodEntry, PodState, Workload
from webhook.audit.stored import Stored
from webhook.core.decide import decide
from webhook.core.decision import Deny, Mutate, Reason
from webhook.core.policyset import PolicySet
from webhook.core.words import NamespaceMode

_ENDED = frozenset({"Succeeded", "Failed"})
# Of these kubectl can make new pods one after the other.
_RESTARTABLE = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


def has_ended(stored: Stored) -> bool:
    """Tell whether nothing runs in a pod any more, or soon."""
    return stored.ending or stored.phase in _ENDED


def pod_entry(
    stored: Stored, mode: NamespaceMode, policies: PolicySet, owner: Workload | None
) -> PodEntry:
    """Say how a pod stands; `owner` is the listed workload that it belongs to.

    Most pods are as they should be, which the decision alone tells; why, is asked of the others.
    """
    if has_ended(stored):
        return _entry(stored, PodState.FINISHED)
    verdict = verdict_of(decide(request_for(stored, mode), policies))
    injected = isinstance(verdict, Mutate) and verdict.report.reason is Reason.INJECTED
    if not injected and not isinstance(verdict, Deny):
        return _entry(stored, PodState.CURRENT)
    judgement = judge(stored, mode, policies)
    if isinstance(verdict, Deny):
        return _refused(judgement, verdict, owner)
    lacks = tuple(_lacks(judgement))
    if not lacks:
        return _entry(
            stored,
            PodState.OUTDATED,
            "has its sources in another order than the policy says, or with another optional; "
            + _way_out(stored, owner),
        )
    told = "; ".join(f"container {it.container!r} lacks {', '.join(it.sources)}" for it in lacks)
    return _entry(
        stored,
        PodState.LACKS,
        f"runs without what the policy gives it: {told}; {_way_out(stored, owner)}",
        lacks,
    )


def _entry(
    stored: Stored, state: PodState, message: str = "", lacks: tuple[Lack, ...] = ()
) -> PodEntry:
    return PodEntry(stored.name, stored.phase, stored.created, state, lacks, message)


def _lacks(judgement: Judgement) -> Iterator[Lack]:
    for container in judgement.containers:
        names = [spelled(it.kind, it.name) for it in container.gets if it.origin == "injected"]
        names += [f"{v.secret}/{v.key}" for v in container.variables if v.origin == "injected"]
        if names:
            yield Lack(container.name, tuple(names))


def _refused(judgement: Judgement, verdict: Deny, owner: Workload | None) -> PodEntry:
    """Tell what another webhook added, or an author, from what a former policy injected.

    The latter goes by itself when the owner makes the pod again, so nobody has to mend anything.
    """
    stored, message = judgement.stored, verdict.refusals[0].message
    if owner is not None and not owner.refusals and _was_injected(judgement, verdict):
        return _entry(
            stored,
            PodState.OUTDATED,
            f"still holds what the policy no longer gives it: {message}; {_way_out(stored, owner)}",
        )
    return _entry(stored, PodState.REFUSED, f"would be refused: {message}")


def _was_injected(judgement: Judgement, verdict: Deny) -> bool:
    """Tell whether every refused Secret is one that we injected, by the annotation.

    A report may read it: whoever forges it gets another word for the same finding.
    """
    named = set((judgement.stored.pod.annotations.injected or "").split(","))
    holders = refused_holders(judgement)
    return len(holders) == len(verdict.refusals) and all(
        not named.isdisjoint(scopes) for scopes in holders
    )


def _way_out(stored: Stored, owner: Workload | None) -> str:
    if owner is None:
        return "create it again"
    if owner.kind in _RESTARTABLE:
        return f"kubectl -n {stored.namespace} rollout restart {owner.title}"
    return f"delete it, so that {owner.title} makes it again"
