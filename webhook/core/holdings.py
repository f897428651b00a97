"""What a pod that is there holds, and who may touch it: another image, or a debug container.

By such a change somebody reads what the pod was given when somebody else deployed it. So deployers
are asked about every managed Secret that the pod reads now. What else it reads was judged when it
was created, and is not judged again: removing a finalizer must not depend on us.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from webhook.core.assess import NO_SPEC
from webhook.core.decision import Finding, Reason
from webhook.core.deployers import Deployer
from webhook.core.entitlement import Reached, Who, allows, subject, unfit
from webhook.core.messages import clip
from webhook.core.pod import Pod
from webhook.core.references import Reference, pod_references
from webhook.core.tables import CompiledPolicy, CompiledScope, Holder


def not_entrusted(pod: Pod, who: Who, policy: CompiledPolicy, what: str) -> Iterator[Finding]:
    """Refuse a change of a pod by somebody whom no scope entrusts with what the pod reads.

    `what` says what is done to it, for the message.
    """
    deployer = who.deployer
    if deployer is None or not policy.has_deployers:
        return
    told: set[str] = set()
    nobody = replace(who, deployer=None)
    asked: tuple[Reached, ...] = ({}, {}, {}, {})  # one for each of the questions below
    for reference in pod_references(pod.spec or NO_SPEC, "spec", policy.managed.__contains__):
        if reference.secret in told:
            continue
        every = policy.managed[reference.secret]
        holders = [h for h in every if _could_give(h.scope, who)] or list(every)
        fitting = [h for h in holders if unfit(h.scope, nobody) is None]
        if allows(reference, fitting, asked[0]):
            holders = fitting  # the scopes by which the pod has it
            may = allows(reference, _entrusting(holders, deployer), asked[1])
        elif allows(reference, holders, asked[2]):
            # Role and pool are labels, which may have been changed since: any scope may be the one.
            may = allows(reference, _entrusting(holders, deployer), asked[3])
        else:
            # No scope gives it as it is read, so it was there before the policy: all are asked.
            may = len(_entrusting(holders, deployer)) == len(holders)
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


def _could_give(scope: CompiledScope, who: Who) -> bool:
    """Tell whether a pod of these circumstances could have it by some label."""
    here = scope.namespaces is None or scope.namespaces.matches(who.namespace)
    account = scope.service_accounts is None or who.service_account in scope.service_accounts
    return here and account and scope.enabled


def _entrusting(holders: Sequence[Holder], deployer: Deployer) -> list[Holder]:
    return [h for h in holders if _entrusts(h.scope, deployer)]


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
