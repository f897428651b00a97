"""decide(request, policies) -> Decision: the sentence that the whole program is."""

from collections.abc import Sequence
from typing import Final, assert_never

from webhook.core import inject, messages, reload
from webhook.core.asks import is_mirror_pod
from webhook.core.assess import (
    NO_SPEC,
    Assessment,
    Findings,
    assess,
    circumstances,
    grants,
    judge_references,
    most_telling,
    wanted_secrets,
)
from webhook.core.decision import (
    Allow,
    Decision,
    Deny,
    Finding,
    Mutate,
    Observed,
    Reason,
    Report,
)
from webhook.core.holdings import may_not_write_revision, not_entrusted
from webhook.core.patch import annotation_operations
from webhook.core.pod import Container, Pod
from webhook.core.policyset import PolicySet
from webhook.core.references import added_references
from webhook.core.request import AdmissionRequest, What
from webhook.core.tables import CompiledPolicy
from webhook.core.words import Hook, NamespaceMode
from webhook.core.workloads import assess_workload

Verdict = Allow | Mutate | Deny

_DRY_RUN: Final = "dry run: "


def decide(request: AdmissionRequest, policies: PolicySet) -> Decision:
    """Decide about one request.

    Total and pure: it never raises, changes nothing, and the same input gives the same decision.
    """
    if request.pod is None and not request.templates:
        return Allow(Report(Reason.NOT_JUDGED))
    policy = policies.govern(request.namespace)
    dry_run = request.mode is NamespaceMode.DRY_RUN or (policy is not None and policy.dry_run)
    of_workload = request.pod is None and request.hook is Hook.MUTATE
    decider = _annotation if of_workload else _judged
    verdict = decider(request, policy, dry_run=dry_run)
    return Observed(_observed(verdict), verdict) if dry_run else verdict


def _judged(request: AdmissionRequest, policy: CompiledPolicy | None, *, dry_run: bool) -> Verdict:
    pod, old = request.pod, request.old
    if pod is None:  # so there are templates
        if policy is None:
            return _no_policy_for_its_pods(request.namespace)
        assessment = assess_workload(request, policy)
        if request.what is What.REVISION and any(it.changed for it in request.templates):
            refused = may_not_write_revision(assessment.who, policy)
            assessment.findings.refusals += [refused] if refused else []
        return _verdict(assessment, policy, Reason.NOTHING_TO_DO)
    if request.what is What.IMAGES:
        # Nobody's pod is held up for want of a policy: it was judged when it was created.
        return Allow(Report(Reason.NOT_JUDGED)) if policy is None else _images(request, pod, policy)
    if policy is None:
        return _no_policy(request.namespace)
    if old is not None:
        return _debug_containers(request, pod, old, policy, dry_run=dry_run)
    return _creation(request, pod, policy, dry_run=dry_run)


def _annotation(
    request: AdmissionRequest, policy: CompiledPolicy | None, *, dry_run: bool
) -> Allow | Mutate:
    """Tell Reloader of what the pods of a workload will be given; the author is told elsewhere."""
    if policy is None or request.marks is None:
        return Allow(Report(Reason.NOT_JUDGED))
    names = reload.wanted(request.templates[0].pod, request.namespace, policy)
    operations, warning = reload.annotate(request.marks, names)
    lines = [warning] if warning else []
    if not operations:
        warnings = messages.warnings(lines)
        return Allow(Report(Reason.NOTHING_TO_DO, policy.label, warnings=warnings))
    if dry_run:
        lines.append(reload.would(names))
    report = Report(Reason.ANNOTATED, policy.label, warnings=messages.warnings(lines))
    return Mutate(report, operations)


def _images(request: AdmissionRequest, pod: Pod, policy: CompiledPolicy) -> Verdict:
    """Ask who changes the images of a pod that is there, and nothing else."""
    identity, who = circumstances(pod, request.namespace, policy, request.deployer)
    found = Findings(list(not_entrusted(pod, who, policy, "change the images of this pod")))
    return _verdict(Assessment(identity, who, (), found), policy, Reason.NOTHING_TO_DO)


def _no_policy_for_its_pods(namespace: str) -> Allow:
    """Warn the author of a workload: its pods are what will be refused."""
    brief = f"its pods will be refused: no SecretInjectionPolicy covers namespace {namespace!r}"
    return Allow(Report(Reason.NO_POLICY_HERE, warnings=messages.warnings([brief])))


def _no_policy(namespace: str) -> Deny:
    finding = Finding(
        Reason.NO_POLICY_HERE,
        f"namespace {namespace!r} is opted in, but no SecretInjectionPolicy covers it: have the "
        "policy's owner add it to spec.namespaces, or the namespace's label "
        "secrets.noxus.ai/injection removed",
    )
    return Deny(Report(finding.reason), (finding,))


def _creation(
    request: AdmissionRequest, pod: Pod, policy: CompiledPolicy, *, dry_run: bool
) -> Verdict:
    mirror = is_mirror_pod(pod, request.groups)
    assessment = assess(
        pod,
        request.namespace,
        policy,
        deployer=request.deployer,
        mirror=mirror,
        root=request.root,
    )
    found = assessment.findings
    changes: tuple[inject.Change, ...] = ()
    if not mirror:
        lists = inject.regular_containers(pod)
        changes = inject.changes(lists, assessment.granted, policy, found, root=request.root)
    if request.hook is Hook.VALIDATE:
        return _validated(assessment, changes, policy, dry_run=dry_run)
    if found.refusals or mirror:
        return _verdict(assessment, policy, Reason.NOTHING_TO_DO)
    operations = [operation for change in changes for operation in change.operations]
    operations += annotation_operations(pod, assessment.granted_names)
    if not operations:
        return _verdict(assessment, policy, Reason.NOTHING_TO_DO)
    reason = Reason.INJECTED if changes else Reason.NOTHING_TO_DO
    return Mutate(_report(assessment, policy, reason), tuple(operations))


def _debug_containers(
    request: AdmissionRequest, pod: Pod, old: Pod, policy: CompiledPolicy, *, dry_run: bool
) -> Verdict:
    """Judge the ephemeral containers that an update adds, and nothing else of the pod.

    Who the pod is, is read from the object as it was: this update may not change it, and a caller
    could still send other labels along.
    """
    identity, who = circumstances(old, request.namespace, policy, request.deployer)
    found = Findings(list(not_entrusted(old, who, policy, "debug this pod")))
    asked = Findings()
    granted = grants(old, identity, who, policy, asked)  # the pod itself is not on trial
    added = _added(pod, old)
    if policy.inject_ephemeral and added:  # ... but what its deployers alone may hand on is
        found.refusals += [it for it in asked.refusals if it.reason is Reason.DEPLOYER_NOT_ENTITLED]
    references = added_references(pod.spec or NO_SPEC, added, wanted_secrets(policy))
    judge_references(references, old, who, granted, policy, found)
    changes: tuple[inject.Change, ...] = ()
    if policy.inject_ephemeral:
        lists = (("ephemeralContainers", added),)
        changes = inject.changes(lists, granted, policy, found)
    assessment = Assessment(identity, who, granted, found)
    if request.hook is Hook.VALIDATE:
        return _validated(assessment, changes, policy, dry_run=dry_run)
    if found.refusals or not changes:
        return _verdict(assessment, policy, Reason.NOTHING_TO_DO)
    operations = tuple(operation for change in changes for operation in change.operations)
    return Mutate(_report(assessment, policy, Reason.INJECTED), operations)


def _added(pod: Pod, old: Pod) -> Sequence[tuple[int, Container]]:
    before = {c.name: c for c in (old.spec or NO_SPEC).ephemeralContainers or ()}
    now = (pod.spec or NO_SPEC).ephemeralContainers or ()
    return tuple((i, c) for i, c in enumerate(now) if before.get(c.name) != c)


def _validated(
    assessment: Assessment,
    changes: tuple[inject.Change, ...],
    policy: CompiledPolicy,
    *,
    dry_run: bool,
) -> Verdict:
    """Judge a final object: there is nothing left to change in it.

    In dry run nothing was injected, so what would have been is not demanded.
    """
    found = assessment.findings
    if not found.refusals and not dry_run:
        found.refusals.extend(inject.not_injected(change) for change in changes)
    return _verdict(assessment, policy, Reason.NOTHING_TO_DO)


def _verdict(assessment: Assessment, policy: CompiledPolicy, reason: Reason) -> Allow | Deny:
    found = assessment.findings
    if found.refusals:
        reason = found.refusals[0].reason
        return Deny(_report(assessment, policy, reason), tuple(found.refusals))
    if assessment.identity.role is None:
        reason = most_telling(found.notes, reason)
    return Allow(_report(assessment, policy, reason))


def _report(assessment: Assessment, policy: CompiledPolicy, reason: Reason) -> Report:
    return Report(
        reason=reason,
        policy=policy.label,
        role=assessment.identity.role or "",
        pool=assessment.identity.pool or "",
        scopes=assessment.granted_names,
        warnings=messages.warnings(n.brief or n.message for n in assessment.findings.notes),
    )


def _observed(verdict: Verdict) -> Report:
    """Tell what enforcement would have done, the most useful first."""
    report = verdict.report
    lines = list(report.warnings)
    match verdict:
        case Deny(refusals=refusals):
            lines = [f"would refuse: {finding.brief or finding.message}" for finding in refusals]
            lines += report.warnings
        case Mutate() if report.reason is Reason.INJECTED:
            lines.append(f"would inject {', '.join(report.scopes) or 'nothing'}")
        case Mutate() | Allow():  # the annotation alone is not worth a warning
            pass
        case _:
            assert_never(verdict)
    return Report(
        reason=report.reason,
        policy=report.policy,
        role=report.role,
        pool=report.pool,
        scopes=report.scopes,
        warnings=messages.warnings(lines, _DRY_RUN),
    )
