"""The page of an audit, from the sums at its top to the policy at its end."""

from typing import Final

from webhook.audit.report import Report, Totals
from webhook.report.pages import findings, flows
from webhook.report.pages.cards import Card, cards
from webhook.report.pages.columns import columns
from webhook.report.pages.filters import filters, no_match, same
from webhook.report.pages.markup import Content, Markup, el
from webhook.report.pages.matrix import matrix
from webhook.report.pages.policies import policies
from webhook.report.pages.words import NO_POOL, NO_ROLE, STATUSES, count, statuses

_LEGEND: Final = (
    ("has", "it names the Secret itself, and may"),
    ("gains", "the webhook gives it the Secret"),
    ("refused", "it names the Secret, and may not"),
    ("wins", "comes last in envFrom: its values win where keys overlap"),
)


def audit_body(report: Report) -> Content:
    """Return all of the page between its head and its foot."""
    pools = frozenset(workload.pool for workload in report.workloads if workload.pool)
    return (
        _verdict(report.totals),
        _cards(report),
        _filters(report),
        no_match("workloads"),
        findings.section(
            "refusals",
            "Refused",
            "Each with the reason and the way out.",
            list(findings.refusals(report)),
            "Nothing would be refused.",
        ),
        _matrix(report),
        flows.section(report),
        findings.section(
            "pods",
            "Pods behind the policy",
            "They were created before the webhook, while it was away, or under another policy.",
            list(findings.pods_behind(report)),
            "Manifests tell nothing of the pods that run."
            if _of_manifests(report)
            else "Every pod runs with what the policy gives it.",
        ),
        findings.section(
            "outside",
            "Looks like Noxus, outside",
            (
                "Their namespaces are not opted in, so nobody judges them: label those ",
                el("code", "secrets.noxus.ai/injection=dry-run"),
                " to begin.",
            ),
            list(findings.outside(report)),
            "Nothing outside opted-in namespaces looks like Noxus.",
        ),
        findings.section(
            "unjudged",
            "Deployers not judged",
            "Last written before the opt-in or in dry run; judged once they are applied again.",
            list(findings.unjudged(report)),
            "No workload escaped the check of who deploys it.",
        ),
        findings.unreadable(report.unreadable),
        policies(report.policies, pools),
    )


def _verdict(totals: Totals) -> Markup:
    refused = []
    if totals.refused:
        refused.append(count(totals.refused, "workload"))
    if totals.pods_refused:
        refused.append(f"{count(totals.pods_refused, 'pod')} of today")
    if refused:
        return el("p", f"{' and '.join(refused)} would be refused.", class_="verdict alarming")
    if not totals.entries:
        return el("p", "There was nothing to judge.", class_="verdict")
    return el("p", "Nothing would be refused.", class_="verdict fine")


def _of_manifests(report: Report) -> bool:
    return report.source == "files" and not report.totals.pods


def _cards(report: Report) -> Markup:
    totals = report.totals
    behind = totals.pods_lacking + totals.pods_outdated + totals.pods_refused
    pods = (
        Card(totals.pods, "pods", f"{totals.pods_current:,} as the policy says"),
        Card(behind, "behind", "pods to create again", "pods", alarming=True),
    )
    return cards(
        Card(totals.entries, "workloads", f"in {count(totals.namespaces, 'namespace')}", "matrix"),
        Card(totals.refused, "refused", "workloads", "refusals", alarming=True),
        Card(totals.injected, "gain Secrets", f"{totals.nothing:,} need nothing", "matrix"),
        *(() if _of_manifests(report) else pods),
        Card(totals.outside, "outside", "opted-in namespaces", "outside", alarming=True),
        Card(totals.unjudged, "not judged", "by deployers", "unjudged", alarming=True),
    )


def _filters(report: Report) -> Markup:
    found = {status for workload in report.workloads for status in statuses(workload)}
    return filters(
        {
            "namespace": same({it.namespace for it in report.workloads}),
            "role": same({it.role or NO_ROLE for it in report.workloads}),
            "pool": same({it.pool or NO_POOL for it in report.workloads}),
            "status": [(key, shown) for key, shown in STATUSES.items() if key in found],
        },
        "workloads",
        len(report.workloads),
        matrix=True,
    )


def _matrix(report: Report) -> Markup:
    head = el("h2", "Exposure matrix ", el("span", len(report.workloads), class_="total"))
    if not report.workloads:
        none = el("p", "No workload was found.", class_="none")
        return el("section", head, none, id="matrix")
    legend = [
        el("div", el("dt", el("b", word), class_=f"way {word}"), el("dd", meaning))
        for word, meaning in _LEGEND
    ]
    about = (
        "Secrets stand in injection order: of two in one container, the one further right wins. "
        "A workload's name opens its details."
    )
    return el(
        "section",
        head,
        el("p", about, class_="about"),
        el("dl", legend, class_="legend"),
        matrix(report, columns(report)),
        id="matrix",
    )
