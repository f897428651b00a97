"""Workloads, judged when they are applied: their author is told at once, and not by missing pods.

What their pods will be given is not demanded of them: it arrives with the pod. An update is held
only to what it adds, so that an object from before the policy can still be scaled, labelled and
mended. Who deploys is asked whenever the template changes: another image reads the same Secrets.
"""

from collections.abc import Iterator

from webhook.core import inject
from webhook.core.assess import Assessment, Findings, assess
from webhook.core.decision import Finding, Reason
from webhook.core.request import AdmissionRequest, Template
from webhook.core.tables import CompiledPolicy


def assess_workload(request: AdmissionRequest, policy: CompiledPolicy) -> Assessment:
    """Judge all templates of a workload; role, pool and scopes are those of the first."""
    assessments = [_assess(template, request, policy) for template in request.templates]
    first, found = assessments[0], Findings()
    for assessment in assessments:
        found.refusals += assessment.findings.refusals
        found.notes += assessment.findings.notes
    return Assessment(first.identity, first.who, first.granted, found)


def _assess(template: Template, request: AdmissionRequest, policy: CompiledPolicy) -> Assessment:
    assessment = assess(
        template.pod,
        request.namespace,
        policy,
        deployer=request.deployer if template.changed else None,
        root=template.root,
    )
    found = assessment.findings
    inject.changes(  # what the template overrides itself is found on the way
        inject.regular_containers(template.pod),
        assessment.granted,
        policy,
        found,
        root=template.root,
    )
    if template.old is not None:
        found.refusals = list(_added(found.refusals, template, request, policy))
    return assessment


def _added(
    refusals: list[Finding], template: Template, request: AdmissionRequest, policy: CompiledPolicy
) -> Iterator[Finding]:
    """Leave out what was so before; it is judged by the policy of today."""
    if not refusals or template.old is None:
        return
    before = assess(template.old, request.namespace, policy, root=template.root)
    inject.changes(
        inject.regular_containers(template.old),
        before.granted,
        policy,
        before.findings,
        root=template.root,
    )
    known = {finding.subject for finding in before.findings.refusals}
    # What would not be refused if a deployer did it is refused for want of one, whatever it says.
    anyway = assess(template.pod, request.namespace, policy, root=template.root)
    known &= {finding.subject for finding in anyway.findings.refusals} | _overridden(refusals)
    for finding in refusals:
        if finding.reason is Reason.UNKNOWN_ROLE and before.identity.role is None:
            continue  # nobody before, and nobody now, whatever hint there is to give
        if finding.reason is Reason.DEPLOYER_NOT_ENTITLED or finding.subject not in known:
            yield finding


def _overridden(refusals: list[Finding]) -> set[str]:
    """Name what has nothing to do with who deploys, and is found beside the assessment."""
    return {finding.subject for finding in refusals if finding.reason is Reason.SHADOWING}
