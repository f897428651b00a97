"""What a pod that is there holds, and who may touch it: another image, or a debug container.

By such a change somebody reads what the pod was given when somebody else deployed it. So deployers
are asked about every managed Secret that the pod reads now. What else it reads was judged when it
was created, and is not judged again: removing a finalizer must not depend on us.
"""

from collections.abc import Iterator

from webhook.core.assess import NO_SPEC
from webhook.core.compile import CompiledPolicy, CompiledScope
from webhook.core.decision import Finding, Reason
from webhook.core.deployers import Deployer
from webhook.core.entitlement import Reached, Who, allows, subject
from webhook.core.messages import clip
from webhook.core.pod import Pod
from webhook.core.references import Reference, pod_references


def not_entrusted(pod: Pod, who: Who, policy: CompiledPolicy, what: str) -> Iterator[Finding]:
    """Refuse a change of a pod by somebody whom no scope entrusts with what the pod reads.

    `what` says what is done to it, for the message.
    """
    deployer = who.deployer
    if deployer is None or not policy.has_deployers:
        return
    told: set[str] = set()
    theirs: Reached = {}
    ours: Reached = {}
    for reference in pod_references(pod.spec or NO_SPEC, "spec", policy.managed.__contains__):
        if reference.secret in told:
            continue
        # Role and pool are labels, which may have been changed since: any scope may be the one by
        # which the pod has the Secret, but for those by which no pod here can have it.
        every = policy.managed[reference.secret]
        holders = [h for h in every if _gives_here(h.scope, who.namespace)] or list(every)
        entrusting = [h for h in holders if _entrusts(h.scope, deployer)]
        # A scope for everybody that gives another key of the Secret is no right to this one. What
        # no scope gives as it is read was there before the policy: then all of them are asked.
        if allows(reference, holders, theirs):
            may = allows(reference, entrusting, ours)
        else:
            may = len(entrusting) == len(holders)
        if not may:
            told.add(reference.secret)
            scope = next(h.scope for h in holders if not _entrusts(h.scope, deployer))
            yield _refused(reference, scope, deployer.name, what)


def may_not_write_revision(who: Who, policy: CompiledPolicy) -> Finding | None:
    """Refuse a ControllerRevision by somebody who is not a deployer of all that needs one.

    A StatefulSet's controller merges a revision into its own template and makes pods of the result,
    in the name of a controller: what they would be cannot be seen in the revision.
    """
    deployer = who.deployer
    if deployer is None or all(_entrusts(scope, deployer) for scope in policy.needing_deployers):
        return None
    return Finding(
        Reason.DEPLOYER_NOT_ENTITLED,
        f"user {clip(deployer.name)!r} may not write ControllerRevisions: controllers make pods of "
        "them, and this user is not among the deployers of all that needs one in this policy; "
        "leave them to Kubernetes' own controllers",
        "data",
        f"user {clip(deployer.name)!r} may not write ControllerRevisions",
    )


def _gives_here(scope: CompiledScope, namespace: str) -> bool:
    here = scope.namespaces is None or scope.namespaces.matches(namespace)
    return here and scope.enabled


def _entrusts(scope: CompiledScope, deployer: Deployer) -> bool:
    return scope.deployers is None or scope.deployers.include(deployer)


def _refused(reference: Reference, scope: CompiledScope, user: str, what: str) -> Finding:
    name = f"worker pool {scope.pool!r}" if scope.pool is not None else f"scope {scope.name!r}"
    return Finding(
        Reason.DEPLOYER_NOT_ENTITLED,
        f"user {clip(user)!r} may not {what}: {subject(reference)} reads Secret "
        f"{reference.secret!r} ({reference.field}) of {name}, and this user is not among its "
        "deployers; have one of them do it",
        reference.field,
        f"user {clip(user)!r} may not {what}, which reads Secret {reference.secret!r}",
        reference.about,
    )
