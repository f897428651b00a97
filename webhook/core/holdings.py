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
from webhook.core.entitlement import Who, allows, subject, unfit
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
    nobody = Who(who.role, who.pool, who.namespace, who.service_account)
    told: set[str] = set()
    for reference in pod_references(pod.spec or NO_SPEC, "spec", policy.managed.__contains__):
        if reference.secret in told:
            continue
        holders = policy.managed[reference.secret]
        # The scopes by which the pod has it; where its labels were changed since, any may be it.
        fitting = [h for h in holders if unfit(h.scope, nobody) is None]
        if not allows(reference, fitting):
            fitting = [h for h in holders if allows(reference, [h])] or list(holders)
        ours = [h for h in fitting if _entrusts(h.scope, deployer)]
        # A scope for everybody that gives another key of the Secret is no right to this one.
        if not (allows(reference, ours) if allows(reference, fitting) else ours):
            told.add(reference.secret)
            theirs = next(h.scope for h in fitting if not _entrusts(h.scope, deployer))
            yield _refused(reference, theirs, deployer.name, what)


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
